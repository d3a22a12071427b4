import type { ReactNode } from 'react';
import type { BrokerView, ConsumerView, MessageView, ProducerView, ZooKeeperServerView } from '../../projection/view.ts';
import { byteSize } from '../../projection/narration/words.ts';
import { brokerByHost, linkBetween } from '../../playground/store/selectors.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import type { Dictionary } from '../i18n/en.ts';
import { clockText } from '../layout/timeline-layout.ts';
import { MachineActions } from '../menus/MachineActions.tsx';

/** What can be said about the thing that was clicked. */
export function DetailsPanel() {
  const words = useWords();
  const selected = usePlayground((state) => state.look.selected);
  if (selected === null) return <NothingSelected />;
  switch (selected.kind) {
    case 'machine':
      return <MachineDetails host={selected.host} />;
    case 'link':
      return <LinkDetails a={selected.a} b={selected.b} />;
    default:
      return <MessageDetails id={selected.id} words={words} />;
  }
}

/** Without a choice, the messages under way as a list: what the stage paints, for every reader. */
function NothingSelected() {
  const words = useWords();
  const messages = usePlayground((state) => state.view.messages);
  return (
    <section className="sec">
      <p className="empty inline">{words.panel.nothingSelected}</p>
      <h3>{words.stage.packetsAria(messages.length)}</h3>
      <ul className="plain-list">
        {messages.slice(0, 24).map((message) => (
          <li key={message.id}>
            <span className="mono">{message.label === '' ? message.api : message.label}</span>
            <span className="dim">{`${message.from} → ${message.to}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type Row = readonly [name: string, value: ReactNode];

function Rows({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <dl className="pairs">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function MachineDetails({ host }: { readonly host: string }) {
  const words = useWords();
  const broker = usePlayground((state) => brokerByHost(state.view, host));
  const server = usePlayground((state) => state.view.ensemble.servers.find((row) => row.host === host) ?? null);
  const producer = usePlayground((state) => state.view.producers.find((row) => row.host === host) ?? null);
  const consumer = usePlayground((state) => state.view.consumers.find((row) => row.host === host) ?? null);
  return (
    <>
      {broker === null ? null : <BrokerDetails broker={broker} words={words} />}
      {server === null ? null : <ServerDetails server={server} words={words} />}
      {producer === null ? null : <ProducerDetails producer={producer} words={words} />}
      {consumer === null ? null : <ConsumerDetails consumer={consumer} words={words} />}
      <section className="sec">
        <MachineActions host={host} />
      </section>
    </>
  );
}

function BrokerDetails({ broker, words }: { readonly broker: BrokerView; readonly words: Dictionary }) {
  const { details } = words;
  const { counters } = broker.disk;
  return (
    <>
      <section className="sec">
        <h3 className="f15">{words.stage.broker(broker.brokerId)}</h3>
        <Rows
          rows={[
            [details.process, words.stage.processes[broker.process]],
            [details.since, <span className="mono">{clockText(broker.processSinceUs, 'millis')}</span>],
            [details.session, details.sessions[broker.session]],
            [details.controller, broker.isController ? details.yes : details.no],
            [details.rack, broker.rack ?? details.none],
            [details.flushed, byteSize(broker.disk.flushedBytes)],
            [details.dirty, byteSize(broker.disk.dirtyBytes)],
            [details.diskWrites, details.diskWritesText(byteSize(counters.flushedBytes), byteSize(counters.writtenBackBytes))],
            [details.diskReads, details.diskReadsText(byteSize(counters.cacheReadBytes), byteSize(counters.deviceReadBytes), byteSize(counters.sendfileBytes))],
          ]}
        />
      </section>
      <section className="sec">
        <h3>{details.replicas}</h3>
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{details.replica}</th>
              <th scope="col">{details.role}</th>
              <th scope="col">{words.panel.epoch}</th>
              <th scope="col">HW</th>
              <th scope="col">LEO</th>
            </tr>
          </thead>
          <tbody>
            {broker.replicas.map((replica) => (
              <tr key={replica.key}>
                <th scope="row">{replica.key}</th>
                <td>{words.stage.replicaRoles[replica.role]}</td>
                <td className="num">{replica.leaderEpoch < 0 ? UNKNOWN : replica.leaderEpoch}</td>
                <td className="num">{replica.highWatermark}</td>
                <td className="num">{replica.logEndOffset}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

/** What is in the memory of a process, and there is none. */
const UNKNOWN = '–';

function ServerDetails({ server, words }: { readonly server: ZooKeeperServerView; readonly words: Dictionary }) {
  const { details } = words;
  const isUp = server.role !== 'none';
  return (
    <section className="sec">
      <h3 className="f15">{server.host}</h3>
      <Rows
        rows={[
          [details.process, words.stage.processes[server.process]],
          [details.role, words.stage.roles[server.role]],
          [details.zabEpoch, isUp ? server.epoch : UNKNOWN],
          [details.zxid, <span className="mono">{isUp ? `0x${server.lastZxid.toString(16)}` : UNKNOWN}</span>],
        ]}
      />
    </section>
  );
}

function ProducerDetails({ producer, words }: { readonly producer: ProducerView; readonly words: Dictionary }) {
  const { playground } = usePage();
  const { details } = words;
  return (
    <section className="sec">
      <h3 className="f15">{producer.name}</h3>
      <Rows
        rows={[
          [details.process, words.stage.processes[producer.process]],
          [details.acks, producer.acks === -1 ? words.stage.acksAll : producer.acks],
          [details.idempotent, producer.idempotent ? details.yes : details.no],
          [details.topic, producer.topic],
          [details.inFlight, producer.inFlightCount],
          ...compressionRows(producer, words),
          [details.waiting, producer.waitingRecordCount],
          [details.acknowledged, producer.acknowledgedCount],
          [details.failed, producer.failedCount],
          [details.lastError, producer.lastError ?? details.none],
        ]}
      />
      <button type="button" className="link" onClick={() => changeLook(playground.store, { dialog: 'compareCodecs' })}>
        {words.codecs.open}
      </button>
      <h3>{details.leaders}</h3>
      <Rows
        rows={producer.leaders.map((row) => [row.key, `${row.leader < 0 ? '–' : words.stage.broker(row.leader)}, ${words.stage.epoch(row.leaderEpoch)}`])}
      />
    </section>
  );
}

/** Nothing for a producer that does not compress. */
function compressionRows({ compression }: ProducerView, { details }: Dictionary): readonly Row[] {
  if (compression === null) return [];
  const { codec, recordBytes, compressedBytes, cpuUs } = compression;
  const ratio = compressedBytes === 0 ? UNKNOWN : (recordBytes / compressedBytes).toFixed(1);
  return [
    [details.compression, details.compressionRatio(codec, ratio)],
    [details.compressionBytes, `${byteSize(recordBytes)} → ${byteSize(compressedBytes)}`],
    [details.compressionCost, `${(cpuUs / 1000).toFixed(1)} ms`],
  ];
}

function ConsumerDetails({ consumer, words }: { readonly consumer: ConsumerView; readonly words: Dictionary }) {
  const { details } = words;
  return (
    <section className="sec">
      <h3 className="f15">{consumer.name}</h3>
      <Rows
        rows={[
          [details.process, words.stage.processes[consumer.process]],
          [details.consumed, consumer.consumedCount],
          [details.lastError, consumer.lastError ?? details.none],
        ]}
      />
      <h3>{details.positions}</h3>
      <Rows rows={consumer.positions.map((row) => [row.key, `${row.position ?? '–'}, HW ${row.highWatermark ?? '–'}`])} />
    </section>
  );
}

function LinkDetails({ a, b }: { readonly a: string; readonly b: string }) {
  const words = useWords();
  const link = usePlayground((state) => linkBetween(state.view, a, b));
  const cut = link !== null && link.cut !== 'no';
  return (
    <section className="sec">
      <h3 className="f15">{`${a} – ${b}`}</h3>
      <Rows rows={[[words.details.state, cut ? words.stage.linkCut : words.stage.linkWhole]]} />
    </section>
  );
}

function MessageDetails({ id, words }: { readonly id: number; readonly words: Dictionary }) {
  const message = usePlayground((state) => state.view.messages.find((row) => row.id === id) ?? null);
  if (message === null) return <p className="empty">{words.details.messageGone}</p>;
  return (
    <>
      <section className="sec">
        <h3 className="f15">{message.label === '' ? message.api : message.label}</h3>
        <Rows rows={messageRows(message, words)} />
      </section>
      {message.fields.length === 0 ? null : (
        <section className="sec">
          <h3>{words.details.fields}</h3>
          <Rows rows={message.fields} />
        </section>
      )}
    </>
  );
}

function messageRows(message: MessageView, words: Dictionary): Row[] {
  const { details } = words;
  return [
    [details.api, `${message.api} (${message.answer ? details.answer : details.request})`],
    [details.from, message.from],
    [details.to, message.to],
    [details.sent, <span className="mono">{clockText(message.sentUs, 'millis')}</span>],
    [details.arrives, message.held ? details.held : <span className="mono">{clockText(message.arrivesUs, 'millis')}</span>],
    [details.size, details.bytes(message.sizeBytes)],
  ];
}
