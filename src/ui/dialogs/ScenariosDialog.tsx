import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import { Modal } from './Modal.tsx';

/** Each scenario begins a new run. */
export function ScenariosDialog() {
  const { playground } = usePage();
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  const scenarios = usePlayground((state) => state.status?.scenarios ?? null);
  const current = usePlayground((state) => state.view.run.scenario);
  const open = (name: string): void => {
    changeLook(playground.store, { dialog: null });
    playground.openScenario({ name });
  };
  return (
    <Modal title={words.dialog.scenarios}>
      <p className="note">{words.dialog.scenariosHint}</p>
      <ul className="scenario-list">
        {(scenarios ?? []).map((scenario) => (
          <li key={scenario.name}>
            <button type="button" className="btn" onClick={() => open(scenario.name)} aria-current={scenario.name === current}>
              <Icon name="play" size={13} />
              <span>
                <b>{scenario.title[language]}</b>
                <span className="dim">{scenario.opening[language]}</span>
              </span>
              {scenario.name === current ? <small>{words.dialog.current}</small> : null}
            </button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
