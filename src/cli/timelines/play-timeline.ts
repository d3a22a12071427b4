import { BadInput, firstDifference, type Report } from '../conformance/checker.ts';
import type { Command } from '../../engine/world/command.ts';
import { exceptionName } from '../../engine/client/admin/exceptions.ts';
import type { ErrorName } from '../../engine/protocol/errors.ts';
import { compareChanges, type Cause } from './compare-changes.ts';
import { RecordedCluster } from './recorded-cluster.ts';
import {
  firstData,
  numberOf,
  producerOf,
  recordedChanges,
  textOf,
  type RecordedProducer,
  type Timeline,
  type TimelineLine,
  type ZnodeData,
} from './timeline.ts';

/** How much longer than recorded an answer may take: a session that ends up to 9 s later, and a little. */
const ANSWER_SLACK_MS = 12_000;
const ADMIN_LIMIT_MS = 70_000;

/**
 * Plays a recorded timeline's causes against a cluster of ours and holds what follows against it: answers to clients line by line, then every
 * change of a znode in order. What a line was caused by is done when the line before it was over, as the recording was made.
 */
export function playTimeline(timeline: Timeline, report: Report): void {
  const player = new TimelinePlayer(timeline, report);
  player.play();
}

class TimelinePlayer {
  private readonly timeline: Timeline;
  private readonly report: Report;
  private readonly cluster: RecordedCluster;
  private readonly producers = new Map<string, RecordedProducer>();
  private readonly running = new Set<string>();
  private readonly causes: Cause[] = [];
  private readonly notes = new Set<string>();

  constructor(timeline: Timeline, report: Report) {
    this.timeline = timeline;
    this.report = report;
    this.cluster = new RecordedCluster(shapeOf(timeline));
  }

  play(): void {
    let previousMs = 0;
    for (const line of this.timeline.lines) {
      if (line.event === 'znode' || line.event === 'znode-gone') continue;
      const startMs = this.cluster.nowMs;
      const gapMs = Math.max(0, line.ms - previousMs);
      this.playLine(line, gapMs);
      // Whatever was faster than recorded waits, so that what goes on in the cluster keeps its pace.
      const leftMs = startMs + gapMs - this.cluster.nowMs;
      if (leftMs > 0) this.cluster.run(leftMs);
      previousMs = line.ms;
    }
    const lastMs = this.timeline.lines.at(-1)?.ms ?? 0;
    this.cluster.run(Math.max(0, lastMs - previousMs) + 3000);
    compareChanges(
      { recorded: recordedChanges(this.timeline), played: this.cluster.changes, causes: this.causes, endMs: this.cluster.nowMs - 3000 },
      this.report,
    );
    if (this.notes.size > 0) this.report.note(`lines that tell no cause and were not compared: ${[...this.notes].join(', ')}`);
  }

  private playLine(line: TimelineLine, gapMs: number): void {
    switch (line.event) {
      case 'scenario':
        return;
      case 'producer': {
        const producer = producerOf(line);
        this.producers.set(producer.name, producer);
        return;
      }
      case 'createTopic':
        return this.createTopic(line);
      case 'created':
        return this.admin(line, { type: 'createTopic', topic: textOf(line, 'topic'), partitionCount: 1, replicationFactor: 1 }, null);
      case 'createPartitions':
        this.cluster.run(gapMs);
        return this.admin(line, { type: 'createPartitions', topic: textOf(line, 'topic'), totalCount: numberOf(line, 'to') }, null);
      case 'signal':
        this.cluster.run(gapMs);
        return this.signal(line);
      case 'start':
        this.cluster.run(gapMs);
        return this.give(line, { type: 'start', machine: textOf(line, 'target') });
      case 'alterPartitionReassignments':
        this.cluster.run(gapMs);
        return this.reassign(line);
      case 'electLeaders':
        this.cluster.run(gapMs);
        return this.electLeaders(line);
      case 'acked':
        return this.produce(line, gapMs);
      case 'refused':
        return typeof line.fields['value'] === 'string' ? this.produce(line, gapMs) : this.refusedCall(line, gapMs);
      case 'read':
        this.cluster.run(gapMs);
        return this.read(line);
      default:
        this.notes.add(line.event);
    }
  }

  private place(line: TimelineLine): string {
    return `line ${line.line} (${line.event})`;
  }

  private check(line: TimelineLine, problem: string | null): void {
    if (problem === null) this.report.pass();
    else this.report.fail(this.place(line), problem);
  }

  private caused(line: TimelineLine): void {
    this.causes.push({ recordedMs: line.ms, playedMs: this.cluster.nowMs, isStart: line.event === 'start' });
  }

  /** A command that must make sense at this moment. */
  private give(line: TimelineLine, command: Command): void {
    this.caused(line);
    const given = this.cluster.command(command);
    if (!given.ok) this.report.fail(this.place(line), given.reason);
  }

  private signal(line: TimelineLine): void {
    const machine = textOf(line, 'target');
    const signal = textOf(line, 'signal');
    const type = SIGNALS[signal];
    if (type === undefined) throw new BadInput(`line ${line.line}: "signal" must be one of ${Object.keys(SIGNALS).join(', ')}, got ${signal}`);
    this.give(line, { type, machine });
  }

  /** Where replicas came to lie is chance in Kafka; they are put where the recording has them. */
  private createTopic(line: TimelineLine): void {
    const topic = textOf(line, 'topic');
    const given =
      line.fields['assignment'] ?? (firstData(this.timeline, `/brokers/topics/${topic}`) as { partitions?: unknown } | null | undefined)?.partitions;
    const configs = (line.fields['config'] ?? {}) as Record<string, string>;
    const command: Command =
      given === undefined
        ? { type: 'createTopic', topic, partitionCount: Number(line.fields['partitions'] ?? 1), replicationFactor: Number(line.fields['rf'] ?? 1), configs }
        : { type: 'createTopic', topic, assignment: given as Record<string, readonly number[]>, configs };
    this.caused(line);
    this.admin(line, command, null);
  }

  private reassign(line: TimelineLine): void {
    this.caused(line);
    const replicas = line.fields['replicas'];
    if (replicas !== null && !Array.isArray(replicas)) throw new BadInput(`line ${line.line}: "replicas" must be a list or null`);
    const command: Command = { type: 'alterPartitionReassignments', topic: textOf(line, 'topic'), partition: numberOf(line, 'partition'), replicas };
    this.admin(line, command, typeof line.fields['error'] === 'string' ? { error: line.fields['error'], message: null } : null);
  }

  private electLeaders(line: TimelineLine): void {
    this.caused(line);
    const electionType = textOf(line, 'type');
    if (electionType !== 'PREFERRED' && electionType !== 'UNCLEAN') throw new BadInput(`line ${line.line}: "type" must be PREFERRED or UNCLEAN`);
    const result = line.fields['result'] === undefined ? 'ok' : textOf(line, 'result');
    const command: Command = { type: 'electLeaders', electionType, topic: textOf(line, 'topic'), partition: numberOf(line, 'partition') };
    this.admin(line, command, result === 'ok' ? null : { error: result, message: null });
  }

  /** An admin client's call and its answer: done, or refused in Kafka's words. */
  private admin(line: TimelineLine, command: Command, expected: { readonly error: string; readonly message: string | null } | null): void {
    const given = this.cluster.command(command);
    if (!given.ok) return this.check(line, given.reason);
    const refusal = () => this.cluster.traced('CommandRefused').find((event) => event.commandId === given.id);
    const done = () => this.cluster.traced('CommandDone').some((event) => event.commandId === given.id);
    this.cluster.runUntil(ADMIN_LIMIT_MS, () => done() || refusal() !== undefined);
    const found = refusal();
    if (expected === null)
      return this.check(line, done() ? null : `expected it to be done, got ${found === undefined ? 'no answer' : `${found.error}: ${found.message}`}`);
    this.check(
      line,
      found === undefined
        ? `expected ${expected.error}, got ${done() ? 'done' : 'no answer'}`
        : firstDifference([
            ['error', expected.error, found.error],
            ...(expected.message === null ? [] : [['message', expected.message, found.message] as const]),
          ]),
    );
  }

  /** A call of the admin client that was refused; one that timed out is not answered for as long as it was not. */
  private refusedCall(line: TimelineLine, gapMs: number): void {
    const error = textOf(line, 'error');
    const command = this.commandOfRefused(line);
    if (command === null) {
      this.notes.add('refused');
      return;
    }
    this.caused(line);
    if (error !== 'TimeoutException') {
      this.cluster.run(gapMs);
      return this.admin(line, command, { error, message: typeof line.fields['message'] === 'string' ? line.fields['message'] : null });
    }
    const given = this.cluster.command(command);
    this.cluster.run(gapMs);
    const done = given.ok && this.cluster.traced('CommandDone').some((event) => event.commandId === given.id);
    this.check(line, given.ok ? (done ? 'expected no answer in that time, got done' : null) : given.reason);
  }

  private commandOfRefused(line: TimelineLine): Command | null {
    const { fields } = line;
    if (typeof fields['createPartitions'] === 'number') {
      const topic = typeof fields['topic'] === 'string' ? fields['topic'] : topicsOf(this.timeline)[0];
      return topic === undefined ? null : { type: 'createPartitions', topic, totalCount: fields['createPartitions'] };
    }
    if (typeof fields['deleteTopic'] === 'string') return { type: 'deleteTopic', topic: fields['deleteTopic'] };
    if (typeof fields['createTopic'] !== 'string') return null;
    const refusedConfig = /^Invalid value (.*) for configuration ([^:]+):/.exec(typeof fields['message'] === 'string' ? fields['message'] : '');
    return {
      type: 'createTopic',
      topic: fields['createTopic'],
      partitionCount: Number(fields['partitions'] ?? 1),
      replicationFactor: Number(fields['rf'] ?? 1),
      // The line does not tell the config that was refused, its message does.
      ...(refusedConfig === null ? {} : { configs: { [refusedConfig[2] ?? '']: refusedConfig[1] ?? '' } }),
    };
  }

  /** One record of the producer that the line names; its answer is waited for. */
  private produce(line: TimelineLine, gapMs: number): void {
    const client = typeof line.fields['producer'] === 'string' ? line.fields['producer'] : 'p';
    const topic = textOf(line, 'topic');
    const partition = numberOf(line, 'partition');
    const value = textOf(line, 'value');
    this.startProducer(line, client, topic);
    this.cluster.run(Math.max(0, gapMs - leadMs(line, this.producers.get(client))));
    const given = this.cluster.command({ type: 'produce', client, topic, partition, key: null, value });
    if (!given.ok) return this.check(line, given.reason);
    const isIt = (event: { readonly client: string; readonly partition: number; readonly values: readonly string[] }): boolean =>
      event.client === client && event.partition === partition && event.values.includes(value);
    const acked = () => this.cluster.traced('RecordsAcknowledged').findLast(isIt);
    const failed = () => this.cluster.traced('RecordsFailed').findLast(isIt);
    this.cluster.runUntil(gapMs + ANSWER_SLACK_MS, () => acked() !== undefined || failed() !== undefined);
    this.check(line, line.event === 'acked' ? ackProblem(line, acked(), failed()) : refusalProblem(line, acked(), failed()));
  }

  private startProducer(line: TimelineLine, client: string, topic: string): void {
    if (this.running.has(client)) return;
    const producer = this.producers.get(client);
    if (producer === undefined) throw new BadInput(`line ${line.line}: no producer ${client} was announced before`);
    const config = { configs: sendOnce(producer.configs), topic, recordsPerSecond: 0, keyCount: 0, valueBytes: 0 };
    const added = this.cluster.command({ type: 'addProducer', name: client, config });
    if (!added.ok) throw new BadInput(`line ${line.line}: ${added.reason}`);
    this.cluster.runUntil(5000, () => this.cluster.isRunning(client));
    this.running.add(client);
  }

  /** Of a read that found nothing the reader had not connected in time; a log's beginning may have aged out in the recording. */
  private read(line: TimelineLine): void {
    const records = line.fields['records'];
    if (!Array.isArray(records)) throw new BadInput(`line ${line.line}: "records" must be a list`);
    if (records.length === 0) return;
    const first = Number(String(records[0]).split(':')[0]);
    const found = this.cluster.committedRecords(textOf(line, 'topic'), numberOf(line, 'partition')).filter((record) => Number(record.split(':')[0]) >= first);
    this.check(line, firstDifference([['records', records, found]]));
  }
}

/** What is sent again by an idempotent producer is in the log once. `Simplified:` until producers are idempotent, such a one sends each record once. */
function sendOnce(configs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const deliveryMs = configs['delivery.timeout.ms'];
  return configs['enable.idempotence'] === 'true' && deliveryMs !== undefined ? { ...configs, 'request.timeout.ms': deliveryMs } : configs;
}

/**
 * How long before its answer a record was sent: the recording tells the answer only, and what was done before it may have been waited for. A
 * record that nobody else has to copy is answered at once, one that expired was sent that long before, and one that all must have may have waited.
 */
function leadMs(line: TimelineLine, producer: RecordedProducer | undefined): number {
  const deliveryMs = Number(producer?.configs['delivery.timeout.ms'] ?? 120_000);
  if (line.event === 'refused') return line.fields['error'] === 'TimeoutException' ? deliveryMs : 1000;
  return producer?.configs['acks'] === '1' || producer?.configs['acks'] === '0' ? 500 : deliveryMs / 2;
}

const SIGNALS: Readonly<Record<string, 'killProcess' | 'stopProcess' | 'pauseProcess' | 'resumeProcess'>> = {
  KILL: 'killProcess',
  TERM: 'stopProcess',
  STOP: 'pauseProcess',
  CONT: 'resumeProcess',
};

type Acked = { readonly baseOffset: number; readonly values: readonly string[] };
type Failed = { readonly error: string; readonly message: string };

function ackProblem(line: TimelineLine, acked: Acked | undefined, failed: Failed | undefined): string | null {
  if (acked === undefined) return failed === undefined ? 'not acknowledged in time' : `refused: ${failed.error}: ${failed.message}`;
  const offset = acked.baseOffset < 0 ? -1 : acked.baseOffset + acked.values.indexOf(textOf(line, 'value'));
  return firstDifference([['offset', line.fields['offset'] ?? offset, offset]]);
}

/** Messages with times in them differ from run to run. */
function refusalProblem(line: TimelineLine, acked: Acked | undefined, failed: Failed | undefined): string | null {
  if (failed === undefined) return acked === undefined ? 'no answer in time' : `acknowledged at offset ${acked.baseOffset}`;
  const { error, message } = line.fields;
  const hasTime = typeof message !== 'string' || /\d{3,} ?ms/.test(message);
  return firstDifference([
    ['error', error, failed.error.endsWith('Exception') ? failed.error : exceptionName(failed.error as ErrorName)],
    ...(hasTime ? [] : [['message', message, failed.message] as const]),
  ]);
}

function topicsOf(timeline: Timeline): readonly string[] {
  const named = timeline.lines.flatMap(({ event, fields }) =>
    (event === 'createTopic' || event === 'created') && typeof fields['topic'] === 'string' ? [fields['topic']] : [],
  );
  const changed = recordedChanges(timeline).flatMap(({ path }) => {
    const [, brokers, topics, topic] = path.split('/');
    return brokers === 'brokers' && topics === 'topics' && topic !== undefined ? [topic] : [];
  });
  return [...new Set([...named, ...changed])];
}

/** The cluster that a timeline tells of: its brokers, its ensemble, who was the controller when it began. */
function shapeOf(timeline: Timeline): ConstructorParameters<typeof RecordedCluster>[0] {
  const ids = new Set([1, 2, 3]);
  let zookeeperServers = 3;
  const list = firstData(timeline, '/brokers/ids');
  if (Array.isArray(list)) for (const id of list as readonly number[]) ids.add(id);
  for (const { fields } of timeline.lines) {
    const target = typeof fields['target'] === 'string' ? fields['target'] : '';
    if (/^b\d+$/.test(target)) ids.add(Number(target.slice(1)));
    if (/^zk\d+$/.test(target) && Number(target.slice(2)) > 3) zookeeperServers = 5;
  }
  const controller: ZnodeData | undefined = firstData(timeline, '/controller');
  const wanted = typeof controller === 'object' && controller !== null && 'brokerid' in controller ? Number(controller.brokerid) : null;
  return { brokerIds: [...ids].sort((a, b) => a - b), zookeeperServers, controller: wanted, topics: topicsOf(timeline) };
}
