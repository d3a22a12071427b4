import { Fragment, useMemo, type ReactNode } from 'react';
import type { ConfigView } from '../../projection/view.ts';
import { usePlayground, useWords } from '../app/playground-context.tsx';

/** The values in force beside Kafka's defaults, and the invariants that are checked. */
export function ConfigsPanel() {
  const words = useWords();
  const configs = usePlayground((state) => state.view.configs);
  const groups = useMemo(() => groupsOf(configs), [configs]);
  return (
    <>
      <Invariants />
      <section className="sec">
        <p className="note">{words.panel.configsNote}</p>
        {groups.map((group) => (
          <table key={group.of} className="grid configs">
            <caption>{group.of}</caption>
            <thead>
              <tr>
                <th scope="col">{words.panel.config}</th>
                <th scope="col">{words.panel.value}</th>
                <th scope="col">{words.panel.kafkaDefault}</th>
              </tr>
            </thead>
            <tbody>
              {group.rows.map((row) => (
                <tr key={row.name} className={row.value === row.kafkaDefault ? undefined : 'differs'} title={words.panel.sources[row.source]}>
                  <th scope="row">{breakable(row.name)}</th>
                  <td>{row.value}</td>
                  <td>{row.kafkaDefault ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </section>
    </>
  );
}

/** A long name breaks after a dot, not within a word. */
function breakable(name: string): ReactNode {
  return name.split('.').map((part, i) => (
    <Fragment key={i}>
      {i === 0 ? null : '.'}
      {i === 0 ? null : <wbr />}
      {part}
    </Fragment>
  ));
}

function groupsOf(configs: readonly ConfigView[]): { readonly of: string; readonly rows: readonly ConfigView[] }[] {
  const groups: { of: string; rows: ConfigView[] }[] = [];
  for (const config of configs) {
    const group = groups.find((candidate) => candidate.of === config.of);
    if (group === undefined) groups.push({ of: config.of, rows: [config] });
    else group.rows.push(config);
  }
  for (const group of groups) group.rows.sort((a, b) => Number(b.value !== b.kafkaDefault) - Number(a.value !== a.kafkaDefault) || (a.name < b.name ? -1 : 1));
  return groups;
}

function Invariants() {
  const words = useWords();
  const invariants = usePlayground((state) => state.view.invariants);
  if (invariants.length === 0) return null;
  return (
    <section className="sec">
      <h3>{words.panel.invariants}</h3>
      <ul className="plain-list lights">
        {invariants.map((row) => (
          <li key={row.id} className={row.holds ? 'holds' : 'broken'}>
            <span className="mono">{row.id}</span>
            <b>{row.holds ? words.panel.holds : words.panel.broken}</b>
            {row.detail === '' ? null : <p>{row.detail}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
