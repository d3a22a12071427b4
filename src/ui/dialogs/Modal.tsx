import { useEffect, useRef, type FormEvent, type ReactNode } from 'react';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';

interface ModalProps {
  readonly title: string;
  readonly children: ReactNode;
  /** The word on the button that submits; absent: there is none. */
  readonly submit?: string;
  readonly disabled?: boolean;
  readonly onSubmit?: () => void;
}

/** A dialog of the browser's own kind: it keeps the focus, and Escape closes it. */
export function Modal({ title, children, submit, disabled = false, onSubmit }: ModalProps) {
  const { playground } = usePage();
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const close = (): void => changeLook(playground.store, { dialog: null });
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  const onFormSubmit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog ref={dialog} className="modal" aria-label={title} onClose={close} onClick={(event) => (event.target === event.currentTarget ? close() : undefined)}>
      <form onSubmit={onFormSubmit}>
        <header>
          <h2>{title}</h2>
          <button type="button" className="btn icon ghost" onClick={close} aria-label={words.dialog.close}>
            <Icon name="cross" size={15} />
          </button>
        </header>
        <div className="modal-body">{children}</div>
        {submit === undefined ? null : (
          <footer>
            <button type="button" className="btn" onClick={close}>
              {words.dialog.cancel}
            </button>
            <button type="submit" className="btn pri" disabled={disabled}>
              {submit}
            </button>
          </footer>
        )}
      </form>
    </dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

export function Field({ label, hint, children }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      {children}
      {hint === undefined ? null : <small>{hint}</small>}
    </label>
  );
}
