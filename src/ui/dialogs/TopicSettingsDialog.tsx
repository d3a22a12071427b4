import { useState } from 'react';
import { focusPartition } from '../../playground/store/selectors.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Field, Modal } from './Modal.tsx';
import { Progress } from './Progress.tsx';
import {
  alterCommand,
  CHOICES,
  otherLines,
  parseLines,
  SHOWN_CONFIGS,
  valueWithoutOverride,
  type ShownConfig,
  type TopicSettings,
} from '../../playground/topics/topic-settings.ts';
import { useCommand } from './use-command.ts';

/** The overrides of the topic in the lens, to be altered while the cluster runs. */
export function TopicSettingsDialog() {
  const { playground } = usePage();
  const words = useWords();
  const topic = usePlayground((state) => focusPartition(state)?.topic ?? '');
  const [before] = useState<TopicSettings>(() => playground.store.getState().view.topics.find((row) => row.topic === topic)?.configs ?? {});
  const [form, setForm] = useState<TopicSettings>(() => Object.fromEntries(SHOWN_CONFIGS.map((name) => [name, before[name] ?? ''])));
  const [lines, setLines] = useState(() => otherLines(before));
  const { progress, give } = useCommand('byKafka');
  const submit = (): void => {
    const command = alterCommand(topic, before, { ...form, ...parseLines(lines) });
    if (command === null) changeLook(playground.store, { dialog: null });
    else give(command);
  };
  return (
    <Modal title={words.dialog.settingsOf(topic)} submit={words.dialog.apply} disabled={progress.step === 'waiting' || topic === ''} onSubmit={submit}>
      <p className="note">{words.dialog.settingsNote}</p>
      <div className="field-row">
        {SHOWN_CONFIGS.map((name) => (
          <Field key={name} label={name} hint={words.dialog.settingHints[name]}>
            <Value name={name} value={form[name] ?? ''} onChange={(value) => setForm((old) => ({ ...old, [name]: value }))} />
          </Field>
        ))}
      </div>
      <Field label={words.dialog.otherSettings} hint={words.dialog.otherSettingsHint}>
        <textarea className="mono" rows={2} value={lines} spellCheck={false} onChange={(event) => setLines(event.currentTarget.value)} />
      </Field>
      <Progress progress={progress} />
    </Modal>
  );
}

interface ValueProps {
  readonly name: ShownConfig;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Value({ name, value, onChange }: ValueProps) {
  const standing = usePlayground((state) => valueWithoutOverride(name, state.view.configs));
  const choices = CHOICES[name];
  if (choices === undefined) {
    return <input className="mono" value={value} placeholder={standing} spellCheck={false} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  return (
    <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{`(${standing})`}</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

/** Everything below an offset of the partition in the lens goes. */
export function DeleteRecordsDialog() {
  const words = useWords();
  const partition = usePlayground(focusPartition);
  const [beforeOffset, setBeforeOffset] = useState('-1');
  const { progress, give } = useCommand('byKafka');
  const submit = (): void => {
    if (partition !== null) give({ type: 'deleteRecords', topic: partition.topic, partition: partition.partition, beforeOffset: Number(beforeOffset) });
  };
  return (
    <Modal
      title={words.dialog.deleteRecordsOf(partition?.key ?? '')}
      submit={words.dialog.deleteRecords}
      disabled={progress.step === 'waiting' || partition === null || beforeOffset === ''}
      onSubmit={submit}
    >
      <Field label={words.dialog.beforeOffset} hint={words.dialog.beforeOffsetHint}>
        <input autoFocus type="number" min={-1} value={beforeOffset} onChange={(event) => setBeforeOffset(event.currentTarget.value)} />
      </Field>
      <Progress progress={progress} />
    </Modal>
  );
}
