import { useStore } from 'zustand';
import { useWords } from '../app/playground-context.tsx';
import { Icon } from './Icon.tsx';
import { dropNotice, notices } from './notices.ts';

export function Notices() {
  const shown = useStore(notices);
  const words = useWords();
  return (
    <div className="notices" role="status" aria-live="polite">
      {shown.map((notice) => (
        <div key={notice.id} className={`notice ${notice.kind}`}>
          <Icon name={notice.kind === 'refused' ? 'warning' : 'check'} size={14} />
          <span>{notice.kind === 'refused' ? `${words.states.refusedCommand}: ${notice.text}` : notice.text}</span>
          <button type="button" className="btn icon ghost small" onClick={() => dropNotice(notice.id)} aria-label={words.states.dismiss}>
            <Icon name="cross" size={12} />
          </button>
        </div>
      ))}
    </div>
  );
}
