import { intersect, isEmpty, parseVersions, type FieldSchema, type MessageSchema, type VersionRange } from './schema.ts';

/** What a generated struct needs to know of the message it is part of. */
interface Context {
  readonly message: string;
  readonly valid: VersionRange;
  readonly flexible: VersionRange;
  /** Struct types by their name in the table. */
  readonly structs: Map<string, readonly FieldSchema[]>;
  /** Structs that stand as a tagged field somewhere: they need a comparison with their default. */
  readonly tagged: Set<string>;
}

const PRIMITIVES: Readonly<Record<string, { ts: string; size: number | null; suffix: string; zero: string }>> = {
  bool: { ts: 'boolean', size: 1, suffix: 'Bool', zero: 'false' },
  int8: { ts: 'number', size: 1, suffix: 'Int8', zero: '0' },
  int16: { ts: 'number', size: 2, suffix: 'Int16', zero: '0' },
  uint16: { ts: 'number', size: 2, suffix: 'Uint16', zero: '0' },
  int32: { ts: 'number', size: 4, suffix: 'Int32', zero: '0' },
  int64: { ts: 'number', size: 8, suffix: 'Int64', zero: '0' },
  float64: { ts: 'number', size: 8, suffix: 'Float64', zero: '0' },
  uuid: { ts: 'string', size: 16, suffix: 'Uuid', zero: 'ZERO_UUID' },
  string: { ts: 'string', size: null, suffix: 'String', zero: "''" },
  bytes: { ts: 'Uint8Array', size: null, suffix: 'Bytes', zero: 'new Uint8Array(0)' },
  records: { ts: 'RecordBatches', size: null, suffix: 'Records', zero: 'null' },
};

/** The TypeScript of one message: interfaces, constructors with defaults, size, write, read, codec. */
export function messageFile(message: MessageSchema): string {
  const context: Context = {
    message: message.name,
    valid: parseVersions(message.validVersions),
    flexible: parseVersions(message.flexibleVersions),
    structs: new Map(),
    tagged: new Set(),
  };
  for (const common of message.commonStructs ?? []) context.structs.set(common.name, common.fields);
  collectStructs(context, message.fields);
  for (const common of message.commonStructs ?? []) collectStructs(context, common.fields);
  for (const field of [...message.fields, ...[...context.structs.values()].flat()]) noteTagged(context, field, field.tag !== undefined);
  const body: string[] = [];
  for (const [name, fields] of context.structs) body.push(structCode(context, `${message.name}${name}`, fields));
  body.push(structCode(context, message.name, message.fields));
  body.push(codecCode(context));
  const text = body.join('\n');
  return `${imports(text)}\n${text}`;
}

function imports(text: string): string {
  const names: string[] = [];
  const known = [
    'DecodeError',
    'ZERO_UUID',
    'decodeWhole',
    'encodeWhole',
    'notNull',
    'readTags',
    'readArrayLength',
    'writeArrayLength',
    'sizeOfArrayLength',
    'sizeOfUnsignedVarint',
    'writeUnsignedVarint',
    'readNullableString',
    'readNullableBytes',
    'sizeOfString',
    'sizeOfBytes',
    'sizeOfRecords',
    ...Object.values(PRIMITIVES).flatMap((primitive) => [`read${primitive.suffix}`, `write${primitive.suffix}`]),
  ];
  for (const name of known) if (new RegExp(`\\b${name}\\b`).test(text)) names.push(name);
  const types = ['MessageCodec', 'Reader', 'Writer', 'RecordBatches'].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  return `import { ${[...names, ...types.map((name) => `type ${name}`)].join(', ')} } from '../codec.ts';\n`;
}

function collectStructs(context: Context, fields: readonly FieldSchema[]): void {
  for (const field of fields) {
    if (field.fields === undefined) continue;
    context.structs.set(elementType(field), field.fields);
    collectStructs(context, field.fields);
  }
}

/** A tagged struct is compared with its default, and so are the structs inside it. */
function noteTagged(context: Context, field: FieldSchema, tagged: boolean): void {
  const fields = context.structs.get(elementType(field));
  if (!tagged || fields === undefined || isArray(field)) return;
  context.tagged.add(`${context.message}${elementType(field)}`);
  for (const inner of fields) noteTagged(context, inner, true);
}

function elementType(field: FieldSchema): string {
  return field.type.startsWith('[]') ? field.type.slice(2) : field.type;
}

function isArray(field: FieldSchema): boolean {
  return field.type.startsWith('[]');
}

function isNullable(context: Context, field: FieldSchema): boolean {
  return field.type === 'records' || !isEmpty(intersect(parseVersions(field.nullableVersions), context.valid));
}

function property(field: FieldSchema): string {
  return field.name.charAt(0).toLowerCase() + field.name.slice(1);
}

function tsElement(context: Context, type: string): string {
  return PRIMITIVES[type]?.ts ?? `${context.message}${type}`;
}

function tsType(context: Context, field: FieldSchema): string {
  const element = tsElement(context, elementType(field));
  const base = isArray(field) ? `readonly ${element}[]` : element;
  return isNullable(context, field) ? `${base} | null` : base;
}

function defaultOf(context: Context, field: FieldSchema): string {
  if (field.default === 'null') return 'null';
  if (isArray(field)) return '[]';
  const type = elementType(field);
  const primitive = PRIMITIVES[type];
  if (primitive === undefined) return `${lowerFirst(context.message + type)}()`;
  if (field.default === undefined || field.default === null || field.default === '') return primitive.zero;
  if (type === 'string') return JSON.stringify(String(field.default));
  if (type === 'int64' && String(field.default) === '9223372036854775807') return '9223372036854775807';
  return String(field.default);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A condition on `version`, or null when it always holds. */
function condition(context: Context, range: VersionRange): string | null {
  const within = intersect(range, context.valid);
  if (isEmpty(within)) return 'false';
  const parts: string[] = [];
  if (within.low > context.valid.low) parts.push(`version >= ${within.low}`);
  if (within.high < context.valid.high) parts.push(`version <= ${within.high}`);
  return parts.length === 0 ? null : parts.join(' && ');
}

function flexibleExpression(context: Context): string {
  const when = condition(context, context.flexible);
  return when === null ? 'true' : when === 'false' ? 'false' : `(${when})`;
}

function structCode(context: Context, name: string, fields: readonly FieldSchema[]): string {
  const create = lowerFirst(name);
  const lines = [`export interface ${name} {`];
  for (const field of fields) lines.push(`  readonly ${property(field)}: ${tsType(context, field)};`);
  lines.push('}', '');
  lines.push(`export function ${create}(${fields.length === 0 ? '_fields' : 'fields'}: Partial<${name}> = {}): ${name} {`, '  return {');
  for (const field of fields)
    lines.push(`    ${property(field)}: fields.${property(field)} === undefined ? ${defaultOf(context, field)} : fields.${property(field)},`);
  lines.push('  };', '}', '');
  lines.push(...sizeCode(context, name, fields), '', ...writeCode(context, name, fields), '', ...readCode(context, name, fields), '');
  if (context.tagged.has(name)) lines.push(...equalsDefaultCode(context, name, fields), '');
  return lines.join('\n');
}

function untagged(context: Context, field: FieldSchema): string | null {
  const when = condition(context, parseVersions(field.versions));
  if (field.tag === undefined) return when;
  const tagged = condition(context, parseVersions(field.taggedVersions ?? field.versions));
  if (tagged === null || tagged === when) return 'false';
  return when === null ? `!(${tagged})` : `${when} && !(${tagged})`;
}

/** The client id of a request header stays a plain string also in flexible versions (KIP-482), so that any broker can read it. */
function fieldFlexible(context: Context, field: FieldSchema, flexible: string): string {
  return context.message === 'RequestHeader' && field.name === 'ClientId' ? 'false' : flexible;
}

function valueSize(context: Context, type: string, value: string, flexible: string): string {
  const primitive = PRIMITIVES[type];
  if (primitive === undefined) return `size${context.message}${type}(${value}, version)`;
  return primitive.size === null ? `sizeOf${primitive.suffix}(${value}, ${flexible})` : String(primitive.size);
}

function fieldSize(context: Context, field: FieldSchema, flexible: string): string[] {
  const value = `value.${property(field)}`;
  const type = elementType(field);
  if (!isArray(field)) {
    if (PRIMITIVES[type] === undefined && isNullable(context, field))
      return [`size += 1 + (${value} === null ? 0 : ${valueSize(context, type, value, flexible)});`];
    return [`size += ${valueSize(context, type, value, flexible)};`];
  }
  const items = isNullable(context, field) ? `(${value} ?? [])` : value;
  const fixed = PRIMITIVES[type]?.size ?? null;
  const nullSafe = isNullable(context, field) ? `${value} === null ? -1 : ${value}.length` : `${value}.length`;
  if (fixed !== null) return [`size += sizeOfArrayLength(${nullSafe}, ${flexible}) + ${items}.length * ${fixed};`];
  return [`size += sizeOfArrayLength(${nullSafe}, ${flexible});`, `for (const item of ${items}) size += ${valueSize(context, type, 'item', flexible)};`];
}

function guarded(when: string | null, lines: readonly string[]): string[] {
  if (when === 'false') return [];
  if (when === null) return lines.map((line) => `  ${line}`);
  return [`  if (${when}) {`, ...lines.map((line) => `    ${line}`), '  }'];
}

function taggedFields(context: Context, fields: readonly FieldSchema[]): FieldSchema[] {
  return fields
    .filter((field) => field.tag !== undefined && condition(context, parseVersions(field.taggedVersions ?? field.versions)) !== 'false')
    .sort((a, b) => (a.tag ?? 0) - (b.tag ?? 0));
}

/** True when a tagged field must be written: it is in this version and not its default. */
function taggedPresent(context: Context, field: FieldSchema): string {
  const value = `value.${property(field)}`;
  const when = condition(context, parseVersions(field.taggedVersions ?? field.versions));
  const type = elementType(field);
  let differs: string;
  if (field.default === 'null') differs = `${value} !== null`;
  else if (isArray(field)) differs = isNullable(context, field) ? `(${value} === null || ${value}.length > 0)` : `${value}.length > 0`;
  else if (type === 'bytes') differs = `${value}.length > 0`;
  else if (PRIMITIVES[type] === undefined)
    differs = isNullable(context, field)
      ? `(${value} === null || !isDefault${context.message}${type}(${value}))`
      : `!isDefault${context.message}${type}(${value})`;
  else differs = `${value} !== ${defaultOf(context, field)}`;
  return when === null ? differs : `${when} && ${differs}`;
}

function sizeCode(context: Context, name: string, fields: readonly FieldSchema[]): string[] {
  const flexible = flexibleExpression(context);
  const lines = [`function size${name}(value: ${name}, version: number): number {`, '  let size = 0;'];
  for (const field of fields) lines.push(...guarded(untagged(context, field), fieldSize(context, field, fieldFlexible(context, field, flexible))));
  if (flexible !== 'false') {
    const tagged = taggedFields(context, fields);
    const inner: string[] = [];
    if (tagged.length === 0) inner.push('size += 1;');
    else {
      inner.push('let tags = 0;');
      for (const field of tagged) {
        inner.push(
          `if (${taggedPresent(context, field)}) {`,
          '  tags += 1;',
          `  const part = ${tagSizeName(name, field)}(value, version);`,
          `  size += sizeOfUnsignedVarint(${field.tag}) + sizeOfUnsignedVarint(part) + part;`,
          '}',
        );
      }
      inner.push('size += sizeOfUnsignedVarint(tags);');
    }
    lines.push(...guarded(condition(context, context.flexible), inner));
  }
  lines.push('  void value;', '  void version;', '  return size;', '}');
  if (flexible !== 'false') {
    for (const field of taggedFields(context, fields)) {
      lines.push('', `function ${tagSizeName(name, field)}(value: ${name}, version: number): number {`, '  let size = 0;');
      if (isNullable(context, field) && !isArray(field) && PRIMITIVES[elementType(field)] === undefined)
        lines.push(...fieldSize(context, field, 'true').map((line) => `  ${line}`));
      else lines.push(...fieldSize(context, field, 'true').map((line) => `  ${line}`));
      lines.push('  void value;', '  void version;', '  return size;', '}');
    }
  }
  return lines;
}

function tagSizeName(name: string, field: FieldSchema): string {
  return `sizeTag${name}${field.name}`;
}

function valueWrite(context: Context, type: string, value: string, flexible: string): string {
  const primitive = PRIMITIVES[type];
  if (primitive === undefined) return `write${context.message}${type}(writer, ${value}, version);`;
  return primitive.size === null ? `write${primitive.suffix}(writer, ${value}, ${flexible});` : `write${primitive.suffix}(writer, ${value});`;
}

function fieldWrite(context: Context, field: FieldSchema, flexible: string): string[] {
  const value = `value.${property(field)}`;
  const type = elementType(field);
  if (!isArray(field)) {
    if (PRIMITIVES[type] === undefined && isNullable(context, field))
      return [`if (${value} === null) writeInt8(writer, -1);`, 'else {', '  writeInt8(writer, 1);', `  ${valueWrite(context, type, value, flexible)}`, '}'];
    return [valueWrite(context, type, value, flexible)];
  }
  const nullSafe = isNullable(context, field) ? `${value} === null ? -1 : ${value}.length` : `${value}.length`;
  const items = isNullable(context, field) ? `${value} ?? []` : value;
  return [`writeArrayLength(writer, ${nullSafe}, ${flexible});`, `for (const item of ${items}) ${valueWrite(context, type, 'item', flexible)}`];
}

function writeCode(context: Context, name: string, fields: readonly FieldSchema[]): string[] {
  const flexible = flexibleExpression(context);
  const lines = [`function write${name}(writer: Writer, value: ${name}, version: number): void {`];
  for (const field of fields) lines.push(...guarded(untagged(context, field), fieldWrite(context, field, fieldFlexible(context, field, flexible))));
  if (flexible !== 'false') {
    const tagged = taggedFields(context, fields);
    const inner: string[] = [];
    if (tagged.length === 0) inner.push('writeUnsignedVarint(writer, 0);');
    else {
      inner.push(`writeUnsignedVarint(writer, ${tagged.map((field) => `(${taggedPresent(context, field)} ? 1 : 0)`).join(' + ')});`);
      for (const field of tagged) {
        inner.push(
          `if (${taggedPresent(context, field)}) {`,
          `  writeUnsignedVarint(writer, ${field.tag});`,
          `  writeUnsignedVarint(writer, ${tagSizeName(name, field)}(value, version));`,
          ...fieldWrite(context, field, 'true').map((line) => `  ${line}`),
          '}',
        );
      }
    }
    lines.push(...guarded(condition(context, context.flexible), inner));
  }
  lines.push('  void writer;', '  void value;', '  void version;', '}');
  return lines;
}

function valueRead(context: Context, type: string, source: { reader: string; flexible: string; nullable: boolean }): string {
  const primitive = PRIMITIVES[type];
  if (primitive === undefined) return `read${context.message}${type}(${source.reader}, version)`;
  if (primitive.size !== null) return `read${primitive.suffix}(${source.reader})`;
  if (type === 'records') return `readRecords(${source.reader}, ${source.flexible})`;
  const nullable = source.nullable && (type === 'string' || type === 'bytes') ? 'Nullable' : '';
  return `read${nullable}${primitive.suffix}(${source.reader}, ${source.flexible})`;
}

function fieldRead(context: Context, field: FieldSchema, source: { reader: string; flexible: string }): string[] {
  const variable = `${property(field)}Value`;
  const type = elementType(field);
  const nullable = isNullable(context, field);
  if (!isArray(field)) {
    if (PRIMITIVES[type] === undefined && nullable)
      return [`${variable} = readInt8(${source.reader}) < 0 ? null : ${valueRead(context, type, { ...source, nullable: false })};`];
    return [`${variable} = ${valueRead(context, type, { ...source, nullable })};`];
  }
  const element = tsElement(context, type);
  const lines = [`const ${property(field)}Count = readArrayLength(${source.reader}, ${source.flexible});`];
  const loop = [
    `const items: ${element}[] = [];`,
    `for (let i = 0; i < ${property(field)}Count; i++) items.push(${valueRead(context, type, { ...source, nullable: false })});`,
    `${variable} = items;`,
  ];
  if (nullable) lines.push(`if (${property(field)}Count < 0) ${variable} = null;`, 'else {', ...loop.map((line) => `  ${line}`), '}');
  else
    lines.push(
      `if (${property(field)}Count < 0) throw new DecodeError('${context.message}.${property(field)} may not be null');`,
      '{',
      ...loop.map((line) => `  ${line}`),
      '}',
    );
  return lines;
}

function readCode(context: Context, name: string, fields: readonly FieldSchema[]): string[] {
  const flexible = flexibleExpression(context);
  const lines = [`function read${name}(reader: Reader, version: number): ${name} {`];
  for (const field of fields) lines.push(`  let ${property(field)}Value: ${tsType(context, field)} = ${defaultOf(context, field)};`);
  for (const field of fields)
    lines.push(
      ...guarded(untagged(context, field), [
        '{',
        ...fieldRead(context, field, { reader: 'reader', flexible: fieldFlexible(context, field, flexible) }).map((line) => `  ${line}`),
        '}',
      ]),
    );
  if (flexible !== 'false') {
    const tagged = taggedFields(context, fields);
    const inner = tagged.length === 0 ? ['readTags(reader, () => undefined);'] : ['readTags(reader, (tag, part) => {', '  switch (tag) {'];
    for (const field of tagged)
      inner.push(
        `    case ${field.tag}: {`,
        ...fieldRead(context, field, { reader: 'part', flexible: 'true' }).map((line) => `      ${line}`),
        '      return;',
        '    }',
      );
    if (tagged.length > 0) inner.push('    default:', '      return;', '  }', '});');
    lines.push(...guarded(condition(context, context.flexible), inner));
  }
  lines.push('  void reader;', '  void version;', '  return {');
  for (const field of fields) lines.push(`    ${property(field)}: ${property(field)}Value,`);
  lines.push('  };', '}');
  return lines;
}

function equalsDefaultCode(context: Context, name: string, fields: readonly FieldSchema[]): string[] {
  const tests = fields.map((field) => {
    const value = `value.${property(field)}`;
    if (field.default === 'null') return `${value} === null`;
    if (isArray(field)) return isNullable(context, field) ? `${value} !== null && ${value}.length === 0` : `${value}.length === 0`;
    if (PRIMITIVES[elementType(field)] === undefined) return `isDefault${context.message}${elementType(field)}(${value})`;
    return `${value} === ${defaultOf(context, field)}`;
  });
  return [`export function isDefault${name}(value: ${name}): boolean {`, `  return ${tests.join(' && ') || 'true'};`, '}'];
}

function codecCode(context: Context): string {
  const name = context.message;
  const flexibleFrom = isEmpty(context.flexible) ? context.valid.high + 1 : context.flexible.low;
  return [
    `export const ${lowerFirst(name)}Codec: MessageCodec<${name}> = {`,
    `  name: '${name}',`,
    `  validVersions: [${context.valid.low}, ${context.valid.high}],`,
    `  flexibleFrom: ${flexibleFrom},`,
    `  size: size${name},`,
    `  encode: (value, version) => encodeWhole(size${name}(value, version), (writer) => write${name}(writer, value, version)),`,
    `  decode: (bytes, version) => decodeWhole(bytes, (reader) => read${name}(reader, version)),`,
    '};',
    '',
  ].join('\n');
}
