import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './java-process.ts';

export const KAFKA_VERSION = '3.9.1';

/** ZooKeeper, DumpLogSegments and the broker all come with this one package; the other lets them say what they do. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>highwater</groupId>
  <artifactId>kafka-class-path</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

const RESOLVE_MS = 600_000;

/** What is missing for a real Kafka, or null. */
export function missingPrograms(): string | null {
  for (const [program, word] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    if (runProgram(program, [word], { timeoutMs: 60_000 }).status !== 0) return program;
  }
  return null;
}

/** The class path of a real Kafka, resolved by Maven into its own cache; where the answer is kept lies outside of this project too. */
export function kafkaClassPath(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'highwater', `kafka-${KAFKA_VERSION}`);
  const answer = join(folder, 'class-path.txt');
  const kept = existsSync(answer) ? readFileSync(answer, 'utf8').trim() : '';
  if (kept !== '' && kept.split(':').every((jar) => existsSync(jar))) return kept;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), POM);
  const words = ['-B', '-q', '-f', join(folder, 'pom.xml'), 'dependency:build-classpath', `-Dmdep.outputFile=${answer}`];
  const { status, out, err } = runProgram('mvn', words, { timeoutMs: RESOLVE_MS });
  if (status !== 0) throw new Error(`Maven could not resolve Kafka ${KAFKA_VERSION}:\n${(out + err).split('\n').slice(0, 8).join('\n')}`);
  return readFileSync(answer, 'utf8').trim();
}
