import ts from 'typescript';

/** A place where a source breaks a rule. */
export interface Finding {
  readonly line: number;
  readonly problem: string;
}

const ALLOWED_MATH = ['abs', 'ceil', 'clz32', 'floor', 'imul', 'max', 'min', 'sign', 'trunc'];
const IMPURE_GLOBALS = [
  'Date',
  'Intl',
  'Promise',
  'WeakRef',
  'FinalizationRegistry',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'process',
  'Buffer',
  'fetch',
  'window',
  'document',
  'navigator',
  'indexedDB',
  'localStorage',
  'console',
  'structuredClone',
  'globalThis',
  'eval',
  'TextEncoder',
  'TextDecoder',
];

/** What the engine may not contain: a clock, chance, asynchrony, an order that is not chosen, arithmetic that browsers may differ in. */
export function engineFindings(source: string): Finding[] {
  const file = parse(source);
  const declared = declaredNames(file);
  return walk(file, (node) => impurityOf(node, declared) ?? mutableModuleState(node));
}

/** Names that the source gives to something of its own: a parameter may well be called `fetch` or `process`. */
function declaredNames(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  walk(file, (node) => {
    if (
      (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isImportSpecifier(node) || ts.isFunctionDeclaration(node)) &&
      node.name !== undefined &&
      ts.isIdentifier(node.name)
    )
      names.add(node.name.text);
    return null;
  });
  return names;
}

function parse(source: string): ts.SourceFile {
  return ts.createSourceFile('source.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
}

function walk(file: ts.SourceFile, problemOf: (node: ts.Node) => string | null): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    const problem = problemOf(node);
    if (problem !== null) findings.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, problem });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return findings;
}

function impurityOf(node: ts.Node, declared: ReadonlySet<string>): string | null {
  switch (node.kind) {
    case ts.SyntaxKind.ForInStatement:
      return 'for-in: the order is not chosen';
    case ts.SyntaxKind.AsteriskAsteriskToken:
    case ts.SyntaxKind.AsteriskAsteriskEqualsToken:
      return 'the operator **';
    case ts.SyntaxKind.AsyncKeyword:
    case ts.SyntaxKind.AwaitExpression:
      return 'asynchrony';
    case ts.SyntaxKind.ExportAssignment:
      return 'a default export';
    case ts.SyntaxKind.DefaultKeyword:
      return ts.isDefaultClause(node.parent) ? null : 'a default export';
    default:
      break;
  }
  if (ts.isExportDeclaration(node) && node.exportClause === undefined) return 'a barrel: export * from';
  if (ts.isPropertyAccessExpression(node)) return impureAccess(node);
  if (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.arguments.length === 0 &&
    ['sort', 'toSorted'].includes(node.expression.name.text)
  )
    return 'a sort without comparator';
  return ts.isIdentifier(node) && IMPURE_GLOBALS.includes(node.text) && !declared.has(node.text) && isValueReference(node) ? node.text : null;
}

function impureAccess(node: ts.PropertyAccessExpression): string | null {
  const { text } = node.name;
  if (ts.isIdentifier(node.expression) && node.expression.text === 'Math' && !ALLOWED_MATH.includes(text)) return `Math.${text}`;
  return text === 'localeCompare' || text.startsWith('toLocale') ? text : null;
}

/** True unless the identifier is a member name, a label of an object, or a type. */
function isValueReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return ts.isExpression(parent) || ts.isVariableDeclaration(parent) || ts.isShorthandPropertyAssignment(parent) || ts.isReturnStatement(parent);
}

/** Module variables outlive a step, so a state would not be the whole truth. */
function mutableModuleState(node: ts.Node): string | null {
  if (!ts.isVariableStatement(node) || !ts.isSourceFile(node.parent)) return null;
  return (node.declarationList.flags & ts.NodeFlags.Const) === 0 ? 'a variable of the module that can change' : null;
}

/** Titles of the tests in a source, with their lines. */
export function testTitles(source: string): { readonly line: number; readonly title: string }[] {
  const titles: { line: number; title: string }[] = [];
  walk(parse(source), (node) => {
    if (!ts.isCallExpression(node) || !isTestCall(node.expression)) return null;
    const title = node.arguments[0];
    if (title !== undefined && (ts.isStringLiteral(title) || ts.isNoSubstitutionTemplateLiteral(title))) {
      titles.push({ line: node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1, title: title.text });
    }
    return null;
  });
  return titles;
}

/** `test(...)`, `it(...)` or `test.each(...)(...)`. */
function isTestCall(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'test' || callee.text === 'it';
  return ts.isCallExpression(callee) && ts.isPropertyAccessExpression(callee.expression) && isTestCall(callee.expression.expression);
}
