import { Component, type ReactNode } from 'react';
import type { Dictionary } from '../i18n/en.ts';

interface BoundaryProps {
  readonly words: Dictionary;
  readonly children: ReactNode;
}

/** Shows what failed in the page itself; the run lives elsewhere and is kept. */
export class ErrorBoundary extends Component<BoundaryProps, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { readonly error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    const { words } = this.props;
    if (error === null) return this.props.children;
    return (
      <main className="full-page" role="alert">
        <h1>{words.states.crashed}</h1>
        <p>{words.states.crashedHint}</p>
        <pre>{error.message}</pre>
        <button type="button" className="btn pri" onClick={() => window.location.reload()}>
          {words.states.reload}
        </button>
      </main>
    );
  }
}
