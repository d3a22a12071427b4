import { useState } from 'react';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { nextName } from './next-name.ts';
import { Field, Modal } from './Modal.tsx';
import { Progress } from './Progress.tsx';
import { useCommand } from './use-command.ts';

const VALUE_BYTES = 24;

export function AddProducerDialog() {
  const { playground } = usePage();
  const words = useWords();
  const topics = usePlayground((state) => state.view.topics);
  const producers = usePlayground((state) => state.view.producers);
  const { progress, give } = useCommand('byWorld');
  const [name, setName] = useState(() =>
    nextName(
      'producer-',
      producers.map((row) => row.host),
    ),
  );
  const [topic, setTopic] = useState(topics.find((row) => !row.internal)?.topic ?? '');
  const [acks, setAcks] = useState('all');
  const [rate, setRate] = useState('2');
  const [keys, setKeys] = useState('6');
  const [codec, setCodec] = useState('none');
  const submit = (): void =>
    give({
      type: 'addProducer',
      name,
      config: {
        configs: { acks, ...(codec === 'none' ? {} : { 'compression.type': codec }), ...(acks === 'all' ? {} : { 'enable.idempotence': 'false' }) },
        topic,
        recordsPerSecond: Number(rate),
        keyCount: Number(keys),
        valueBytes: VALUE_BYTES,
      },
    });
  return (
    <Modal title={words.dialog.addProducer} submit={words.dialog.add} disabled={topic === '' || name === ''} onSubmit={submit}>
      <NameField value={name} onChange={setName} />
      <TopicField value={topic} onChange={setTopic} />
      <Field label={words.dialog.acks}>
        <select value={acks} onChange={(event) => setAcks(event.currentTarget.value)}>
          <option value="all">all</option>
          <option value="1">1</option>
          <option value="0">0</option>
        </select>
      </Field>
      <Field label="compression.type" hint={words.dialog.codecHint}>
        <select value={codec} onChange={(event) => setCodec(event.currentTarget.value)}>
          {['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </Field>
      <button type="button" className="link" onClick={() => changeLook(playground.store, { dialog: 'compareCodecs' })}>
        {words.codecs.open}
      </button>
      <div className="field-row">
        <Field label={words.dialog.rate} hint={words.dialog.rateHint}>
          <input type="number" min={0} max={1000} step="any" value={rate} onChange={(event) => setRate(event.currentTarget.value)} />
        </Field>
        <Field label={words.dialog.keys}>
          <input type="number" min={0} max={1000} value={keys} onChange={(event) => setKeys(event.currentTarget.value)} />
        </Field>
      </div>
      <Progress progress={progress} />
    </Modal>
  );
}

export function AddConsumerDialog() {
  const words = useWords();
  const topics = usePlayground((state) => state.view.topics);
  const consumers = usePlayground((state) => state.view.consumers);
  const { progress, give } = useCommand('byWorld');
  const [name, setName] = useState(() =>
    nextName(
      'consumer-',
      consumers.map((row) => row.host),
    ),
  );
  const [topic, setTopic] = useState(topics.find((row) => !row.internal)?.topic ?? '');
  const [reset, setReset] = useState('earliest');
  return (
    <Modal
      title={words.dialog.addConsumer}
      submit={words.dialog.add}
      disabled={topic === '' || name === ''}
      onSubmit={() => give({ type: 'addConsumer', name, config: { configs: { 'auto.offset.reset': reset }, topic } })}
    >
      <NameField value={name} onChange={setName} />
      <TopicField value={topic} onChange={setTopic} />
      <Field label={words.dialog.offsetReset}>
        <select value={reset} onChange={(event) => setReset(event.currentTarget.value)}>
          <option value="earliest">earliest</option>
          <option value="latest">latest</option>
        </select>
      </Field>
      <Progress progress={progress} />
    </Modal>
  );
}

export function AddBrokerDialog() {
  const words = useWords();
  const brokers = usePlayground((state) => state.view.brokers);
  const { progress, give } = useCommand('byWorld');
  const [brokerId, setBrokerId] = useState(() => String(brokers.reduce((most, row) => Math.max(most, row.brokerId), 0) + 1));
  const [rack, setRack] = useState('');
  return (
    <Modal
      title={words.dialog.addBroker}
      submit={words.dialog.add}
      disabled={brokerId === ''}
      onSubmit={() => give({ type: 'addBroker', brokerId: Number(brokerId), ...(rack === '' ? {} : { rack }) })}
    >
      <Field label={words.dialog.brokerId}>
        <input type="number" min={0} value={brokerId} onChange={(event) => setBrokerId(event.currentTarget.value)} />
      </Field>
      <Field label={words.dialog.rack} hint={words.dialog.optional}>
        <input value={rack} onChange={(event) => setRack(event.currentTarget.value)} />
      </Field>
      <Progress progress={progress} />
    </Modal>
  );
}

export function ProduceDialog() {
  const words = useWords();
  const producers = usePlayground((state) => state.view.producers);
  const partitions = usePlayground((state) => state.view.partitions);
  const selected = usePlayground((state) => state.look.selected);
  const { progress, give } = useCommand('byWorld');
  const chosen = selected?.kind === 'machine' ? producers.find((row) => row.host === selected.host) : undefined;
  const [client, setClient] = useState(chosen?.host ?? producers[0]?.host ?? '');
  const topic = producers.find((row) => row.host === client)?.topic ?? '';
  const [partition, setPartition] = useState('');
  const [key, setKey] = useState('');
  const [value, setValue] = useState('hello');
  const [tombstone, setTombstone] = useState(false);
  return (
    <Modal
      title={words.dialog.produce}
      submit={words.dialog.send}
      disabled={client === ''}
      onSubmit={() =>
        give({
          type: 'produce',
          client,
          topic,
          partition: partition === '' ? null : Number(partition),
          key: key === '' ? null : key,
          value: tombstone ? null : value,
        })
      }
    >
      {producers.length === 0 ? <p className="progress">{words.dialog.noProducers}</p> : null}
      <Field label={words.dialog.producer}>
        <select value={client} onChange={(event) => setClient(event.currentTarget.value)}>
          {producers.map((row) => (
            <option key={row.host} value={row.host}>
              {row.name}
            </option>
          ))}
        </select>
      </Field>
      <Field label={`${words.dialog.partition} (${topic})`}>
        <select value={partition} onChange={(event) => setPartition(event.currentTarget.value)}>
          <option value="">{words.dialog.anyPartition}</option>
          {partitions
            .filter((row) => row.topic === topic)
            .map((row) => (
              <option key={row.key} value={row.partition}>
                {row.partition}
              </option>
            ))}
        </select>
      </Field>
      <Field label={words.dialog.key} hint={words.dialog.optional}>
        <input value={key} onChange={(event) => setKey(event.currentTarget.value)} />
      </Field>
      <Field label={words.dialog.value}>
        <input autoFocus disabled={tombstone} value={tombstone ? 'null' : value} onChange={(event) => setValue(event.currentTarget.value)} />
      </Field>
      <label className="field check">
        <input type="checkbox" checked={tombstone} onChange={(event) => setTombstone(event.currentTarget.checked)} />
        <span>{words.dialog.tombstone}</span>
      </label>
      <Progress progress={progress} />
    </Modal>
  );
}

function NameField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const words = useWords();
  return (
    <Field label={words.dialog.name}>
      <input value={value} spellCheck={false} autoComplete="off" onChange={(event) => onChange(event.currentTarget.value)} />
    </Field>
  );
}

function TopicField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const words = useWords();
  const topics = usePlayground((state) => state.view.topics);
  const open = topics.filter((row) => !row.internal);
  if (open.length === 0) return <p className="progress">{words.dialog.noTopics}</p>;
  return (
    <Field label={words.dialog.topic}>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {open.map((row) => (
          <option key={row.topic} value={row.topic}>
            {row.topic}
          </option>
        ))}
      </select>
    </Field>
  );
}
