import { buildForNode, IN_NODE, measureInNode } from './built.ts';
import { meets, tableOf, type Line } from './measure.ts';
import { measurePage } from './page.ts';
import { measureStorageInBrowser } from './storage-in-browser.ts';

const USAGE = `npm run bench [-- --check] [-- --engine | --page | --log]
  --check    exit status 1 when a limit is missed
  --engine   only what runs in Node
  --page     only the page in the browser
  --log      only the log and the disk that keeps it`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(options: readonly string[]): Promise<number> {
  const unknown = options.filter((option) => !['--check', '--engine', '--page', '--log'].includes(option));
  if (unknown.length > 0) {
    say(`Unknown option ${unknown.join(' ')}\n${USAGE}`);
    return 2;
  }
  const lines: Line[] = [];
  const isAsked = (part: string): boolean => options.includes(part) || !options.some((option) => option !== '--check');
  if (isAsked('--engine')) {
    await buildForNode();
    for (const name of IN_NODE) lines.push(...measureInNode(name, say));
  }
  if (isAsked('--page')) lines.push(...(await measurePage(say)));
  if (isAsked('--log')) {
    await buildForNode();
    for (const name of ['batches', 'crc']) lines.push(...measureInNode(name, say));
  }
  if (isAsked('--log')) lines.push(...(await measureStorageInBrowser(say)));
  say(`\n${tableOf(lines)}\n`);
  const missed = lines.filter((line) => meets(line) === false);
  const promised = lines.filter((line) => meets(line) !== null);
  say(
    missed.length === 0
      ? `All ${promised.length} limits hold.`
      : `${promised.length - missed.length} of ${promised.length} limits hold. Missed: ${missed.map((line) => line.name).join('; ')}.`,
  );
  return options.includes('--check') && missed.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
