import type { MessageCodec } from '../../engine/protocol/codec.ts';
import { ALL_MESSAGES } from '../../engine/protocol/generated/all-messages.ts';
import { parseVersions } from '../../engine/protocol/generate/schema.ts';
import { BadInput, checkPlace, firstDifference, type Checker } from './checker.ts';
import { asRow, rowsOf, textField, type Row } from './json.ts';

/** The generated code as one type: what is asked of it here is the same for each message. */
interface AnyMessage {
  readonly codec: MessageCodec<unknown>;
  readonly create: () => object;
}

const GENERATED = ALL_MESSAGES as unknown as Readonly<Record<string, AnyMessage>>;

/** The table of fields: each message has its codec with the same versions, and its defaults come back at each of them. */
export const messagesChecker: Checker = {
  knows: (path) => path === 'messages.json',
  check: (file, report) => {
    for (const [i, value] of rowsOf(file).entries()) {
      const name = typeof value === 'object' && value !== null ? (value as Row)['name'] : undefined;
      checkPlace(report, typeof name === 'string' ? `[${i}] ${name}` : `[${i}]`, () => checkMessage(asRow(value)));
    }
  },
};

function checkMessage(row: Row): string | null {
  const name = textField(row, 'name');
  const message = Object.hasOwn(GENERATED, name) ? GENERATED[name] : undefined;
  if (message === undefined) return 'no code was generated for it';
  const { low, high } = parseVersions(textField(row, 'validVersions'));
  const { codec } = message;
  if (low !== codec.validVersions[0] || high !== codec.validVersions[1]) return `versions: expected ${low}-${high}, got ${codec.validVersions.join('-')}`;
  const flexible = parseVersions(textField(row, 'flexibleVersions'));
  const flexibleFrom = flexible.high < flexible.low ? high + 1 : flexible.low;
  if (flexibleFrom !== codec.flexibleFrom) throw new BadInput(`flexible from ${flexibleFrom} in the table, from ${codec.flexibleFrom} in the code`);
  for (let version = low; version <= high; version++) {
    const value = message.create();
    const bytes = codec.encode(value, version);
    const difference = firstDifference([
      [`size at version ${version}`, bytes.length, codec.size(value, version)],
      [`defaults at version ${version}`, bytes, codec.encode(codec.decode(bytes, version), version)],
    ]);
    if (difference !== null) return difference;
  }
  return null;
}
