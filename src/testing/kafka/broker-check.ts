import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../.ci/ports.mjs';
import { parseLogDirName } from '../../engine/log/file-names.ts';
import { runCli } from '../../cli/cli.ts';
import { handoverScenario, topicOf } from './handover.ts';
import { runProgram, Server } from './java-process.ts';
import { loadRealLogs } from './real-logs.ts';
import { difference, type Checks } from './report.ts';
import { recordLines } from './record-lines.ts';
import { ALL_CODECS, type AnyCodec } from './written-segments.ts';

const CLIENT = fileURLToPath(new URL('KafkaClient.java', import.meta.url));
const START_MS = 60_000;
const CLIENT_MS = 90_000;
const STOP_MS = 30_000;
const WRITTEN_COUNT = 100;

/** What a broker says when it does not take a log as it finds it. */
const COMPLAINT =
  /^\[[^\]]*\] (WARN|ERROR) (kafka\.log|kafka\.server\.(LogDir|checkpoint|metadata|Partition)|org\.apache\.kafka\.storage)|Recovering unflushed|unclean shutdown|[Cc]orrupt|Truncating/;

interface Site {
  readonly classPath: string;
  readonly disks: string;
  /** Paths of the broker's log dirs. */
  readonly logDirs: readonly string[];
  readonly folder: string;
  readonly address: string;
}

/**
 * A real ZooKeeper starts on the disk of our ZooKeeper server, a real broker on that of our broker; a real consumer reads everything; a real
 * producer adds to it; and our log loads what the real broker leaves.
 */
export async function checkBroker(classPath: string, run: { readonly folder: string; readonly logDirs: readonly string[] }, checks: Checks): Promise<void> {
  const { folder } = run;
  const disks = join(folder, 'disks');
  // The only log dir is the whole disk.
  const logDirs = run.logDirs.length === 1 ? [join(disks, 'b1')] : run.logDirs.map((dir) => join(disks, 'b1', dir));
  checks.check('a run of ours writes its disks', playHandover(run, disks));
  for (const codec of ALL_CODECS) checks.check(`its producers compressed with ${codec}`, codecProblem(logDirs, codec));
  const zooKeeperPort = await freePort();
  const brokerPort = await freePort();
  const site: Site = { classPath, disks, logDirs, folder, address: `127.0.0.1:${brokerPort}` };
  const zooKeeper = Server.start('ZooKeeper', { program: 'java', words: zooKeeperWords(site, zooKeeperPort) }, join(folder, 'zookeeper.txt'));
  let broker: Server | null = null;
  try {
    await zooKeeper.said(/binding to port|Snapshot loaded/, START_MS);
    broker = Server.start('Kafka', { program: 'java', words: brokerWords(site, zooKeeperPort, brokerPort) }, join(folder, 'kafka.txt'));
    await broker.said(/\[KafkaServer id=1\] started/, START_MS);
    checkStart(broker, checks);
    checkServed(site, checks, 'what we wrote');
    checkWrites(site, checks);
    checks.check('the real broker stops in order', (await broker.stop(STOP_MS)) ? null : `it did not end in ${STOP_MS} ms`);
    for (const dir of logDirs) for (const { title, problem } of loadRealLogs(dir)) checks.check(title, problem);
  } finally {
    broker?.kill();
    zooKeeper.kill();
  }
}

function playHandover({ folder, logDirs }: { readonly folder: string; readonly logDirs: readonly string[] }, disks: string): string | null {
  const path = join(folder, 'handover.json');
  writeFileSync(path, JSON.stringify(handoverScenario(Date.now(), logDirs)));
  const said: string[] = [];
  const status = runCli(['run', path, '--disk-out', disks], { out: (line) => said.push(line), err: (line) => said.push(line) });
  return status === 0 ? null : said.slice(-5).join('\n');
}

/** The codec of each batch of a topic's logs, by our own dump. */
function codecProblem(logDirs: readonly string[], codec: AnyCodec): string | null {
  const files = logDirs.flatMap((dir) => logsOf(dir, topicOf(codec)));
  const lines: string[] = [];
  runCli(['dump-log', ...files], { out: (line) => lines.push(line), err: (line) => lines.push(line) });
  const batches = lines.filter((line) => line.startsWith('baseOffset: '));
  const others = batches.filter((line) => !line.includes(` compresscodec: ${codec} `));
  if (batches.length === 0) return 'there are no batches';
  return others.length === 0 ? null : `${others.length} of ${batches.length} batches are of another codec`;
}

/** Paths of all `.log` files of a topic. */
function logsOf(logDir: string, topic: string): readonly string[] {
  return readdirSync(logDir)
    .filter((name) => parseLogDirName(name)?.topic === topic && statSync(join(logDir, name)).isDirectory())
    .sort()
    .flatMap((dir) =>
      readdirSync(join(logDir, dir))
        .filter((name) => name.endsWith('.log'))
        .sort()
        .map((name) => join(logDir, dir, name)),
    );
}

function zooKeeperWords({ classPath, disks, folder }: Site, port: number): readonly string[] {
  const config = join(folder, 'zoo.cfg');
  writeFileSync(config, `tickTime=2000\ndataDir=${join(disks, 'zk1')}\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`);
  return ['-Xmx256m', '-cp', classPath, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', config];
}

function brokerWords({ classPath, logDirs, folder, address }: Site, zooKeeperPort: number, brokerPort: number): readonly string[] {
  const config = join(folder, 'server.properties');
  const lines = [
    'broker.id=1',
    `zookeeper.connect=127.0.0.1:${zooKeeperPort}`,
    `listeners=PLAINTEXT://${address}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${brokerPort}`,
    `log.dirs=${logDirs.join(',')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return ['-Xmx512m', '-cp', classPath, 'kafka.Kafka', config];
}

function checkStart(broker: Server, checks: Checks): void {
  const lines = broker.log.split('\n');
  const partitions = ALL_CODECS.length * 2;
  checks.check(
    'the real broker finds our clean shutdown and skips recovery of every log',
    skippedCount(lines) === partitions ? null : `it skips recovery of ${skippedCount(lines)} logs of ${partitions}`,
  );
  const complaints = lines.filter((line) => COMPLAINT.test(line) && !/Skipping recovery/.test(line));
  checks.check('the real broker has no complaint of our files', complaints.length === 0 ? null : complaints.slice(0, 5).join('\n'));
}

/** Logs whose recovery is skipped; a broker says it for each log dir. */
function skippedCount(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Number(/Skipping recovery of (\d+) logs/.exec(line)?.[1] ?? 0), 0);
}

/** Everything the logs hold, by our own reading, beside what a real consumer is served. */
function checkServed(site: Site, checks: Checks, what: string): void {
  for (const codec of ALL_CODECS) {
    const topic = topicOf(codec);
    const served = client(site, ['read', site.address, '30000', topic]);
    const expected = recordLines(site.logDirs.flatMap((dir) => logsOf(dir, topic)));
    const title = `a real consumer is served ${what}: ${expected.length} records of ${topic}`;
    if (served.status !== 0) checks.check(title, served.err.split('\n').slice(-5).join('\n'));
    else checks.check(title, expected.length === 0 ? 'there are none' : difference(sorted(served.out), sorted(expected.join('\n'))));
  }
}

function sorted(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .sort()
    .join('\n');
}

function checkWrites(site: Site, checks: Checks): void {
  const { status, err } = client(site, ['write', site.address, String(WRITTEN_COUNT), ...ALL_CODECS.map((codec) => `${topicOf(codec)}=${codec}`)]);
  checks.check('a real producer adds to our logs, in all codecs', status === 0 ? null : err.split('\n').slice(-5).join('\n'));
  checkServed(site, checks, 'both');
}

function client({ classPath }: Site, words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('java', ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, CLIENT, ...words], { timeoutMs: CLIENT_MS });
}
