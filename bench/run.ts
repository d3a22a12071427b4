import { buildForNode, IN_NODE, measureInNode } from './built.ts';
import { meets, tableOf, type Line } from './measure.ts';
import { measurePage } from './page.ts';

const USAGE = `npm run bench [-- --check] [-- --engine | --page]
  --check    exit status 1 when a limit is missed
  --engine   only what runs in Node
  --page     only what runs in the browser`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(options: readonly string[]): Promise<number> {
  const unknown = options.filter((option) => !['--check', '--engine', '--page'].includes(option));
  if (unknown.length > 0) {
    say(`Unknown option ${unknown.join(' ')}\n${USAGE}`);
    return 2;
  }
  const lines: Line[] = [];
  if (!options.includes('--page')) {
    await buildForNode();
    for (const name of IN_NODE) lines.push(...measureInNode(name, say));
  }
  if (!options.includes('--engine')) lines.push(...(await measurePage(say)));
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
