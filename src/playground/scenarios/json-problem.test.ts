import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonProblem } from './json-problem.ts';

describe('a text that should be JSON', () => {
  test.each([
    ['', 1, 1, 'expected a value, got the end'],
    ['{"format": 1,\n "name": }', 2, 10, 'expected a value, got "}"'],
    ['{"a": 1,}', 1, 9, 'expected a name in double quotes, got "}"'],
    ['[1, 2', 1, 6, 'expected a comma or ], got the end'],
    ['[1 2]', 1, 4, 'expected a comma or ], got "2"'],
    ['[,]', 1, 2, 'expected a value, got ","'],
    ['{"a" 1}', 1, 6, 'expected a colon, got "1"'],
    ["{'a': 1}", 1, 2, 'expected a name in double quotes, got "\'"'],
    ['{"a": tru}', 1, 7, 'expected a value, got "tru"'],
    ['[01]', 1, 2, 'expected a value, got "01"'],
    ['{"a": "b\n"}', 1, 9, 'a text holds a line break or another control character'],
    ['{"a": "b}', 1, 7, 'a text in double quotes does not end'],
    ['["\\x"]', 1, 2, 'a text has a wrong escape in it'],
    ['{} {}', 1, 4, 'something follows after the end'],
    ['{"a": 1, "b": [{"a": 2}], "a": 3}', 1, 27, 'the name "a" stands twice in one object'],
  ])('[R6] %j departs from it at line %i, column %i', (text, line, column, reason) => {
    expect(jsonProblem(text)).toEqual({ line, column, reason });
  });

  test('[R6] whatever JSON.parse takes is taken, but for a name that stands twice', () => {
    const json = fc.oneof(
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
    );
    fc.assert(
      fc.property(json, (text) => {
        expect(jsonProblem(text)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test('[R6] whatever JSON.parse refuses is refused', () => {
    const spoilt = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '0', 'x', '\\', '\n'))
      .map(([text, at, char]) => text.slice(0, at % (text.length + 1)) + char + text.slice((at % (text.length + 1)) + 1));
    fc.assert(
      fc.property(spoilt, (text) => {
        const refused = jsonProblem(text);
        try {
          JSON.parse(text);
        } catch {
          expect(refused).not.toBeNull();
          return;
        }
        if (refused !== null) expect(refused.reason).toContain('stands twice');
      }),
      { numRuns: 600 },
    );
  });
});
