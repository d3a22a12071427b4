import { useState } from 'react';
import type { Command } from '../../engine/world/command.ts';
import { usePlayground, useWords } from '../app/playground-context.tsx';
import { Field, Modal } from './Modal.tsx';
import { Progress } from './Progress.tsx';
import { useCommand } from './use-command.ts';

/** What the form holds, as typed: Kafka judges it, not the form. */
interface TopicForm {
  readonly topic: string;
  readonly partitions: string;
  readonly replication: string;
  readonly minInsync: string;
}

export function CreateTopicDialog() {
  const words = useWords();
  const brokerCount = usePlayground((state) => state.view.brokers.length);
  const { progress, give } = useCommand('byKafka');
  const [form, setForm] = useState<TopicForm>({ topic: '', partitions: '3', replication: String(Math.min(3, Math.max(1, brokerCount))), minInsync: '' });
  const set = (change: Partial<TopicForm>): void => setForm((before) => ({ ...before, ...change }));
  return (
    <Modal
      title={words.dialog.createTopic}
      submit={words.dialog.create}
      disabled={progress.step === 'waiting' || form.topic === ''}
      onSubmit={() => give(commandOf(form))}
    >
      <Field label={words.dialog.topicName}>
        <input autoFocus value={form.topic} spellCheck={false} autoComplete="off" onChange={(event) => set({ topic: event.currentTarget.value })} />
      </Field>
      <div className="field-row">
        <Field label={words.dialog.partitions}>
          <input type="number" value={form.partitions} onChange={(event) => set({ partitions: event.currentTarget.value })} />
        </Field>
        <Field label={words.dialog.replicationFactor}>
          <input type="number" value={form.replication} onChange={(event) => set({ replication: event.currentTarget.value })} />
        </Field>
      </div>
      <Field label={words.dialog.minInsync} hint={words.dialog.optional}>
        <input type="number" value={form.minInsync} placeholder="1" onChange={(event) => set({ minInsync: event.currentTarget.value })} />
      </Field>
      <Progress progress={progress} />
    </Modal>
  );
}

function commandOf(form: TopicForm): Command {
  return {
    type: 'createTopic',
    topic: form.topic,
    ...(form.partitions === '' ? {} : { partitionCount: Number(form.partitions) }),
    ...(form.replication === '' ? {} : { replicationFactor: Number(form.replication) }),
    ...(form.minInsync === '' ? {} : { configs: { 'min.insync.replicas': form.minInsync } }),
  };
}
