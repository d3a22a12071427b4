import type { Preferences } from '../../playground/store/playground-store.ts';

const KEY = 'highwater.preferences';

/** What the address says, else what was chosen before, else what the browser prefers. */
export function readPreferences(search: string): Preferences {
  const query = new URLSearchParams(search);
  const kept = keptPreferences();
  const language = query.get('lang') ?? kept.language ?? (navigator.language.startsWith('ko') ? 'ko' : 'en');
  const theme = query.get('theme') ?? kept.theme ?? (window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
  return { language: language === 'ko' ? 'ko' : 'en', theme: theme === 'light' ? 'light' : 'dark' };
}

/** Storage may be refused; then a choice lasts as long as the page. */
export function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    return;
  }
}

function keptPreferences(): { readonly language?: string; readonly theme?: string } {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    return {
      ...('language' in kept && typeof kept.language === 'string' ? { language: kept.language } : {}),
      ...('theme' in kept && typeof kept.theme === 'string' ? { theme: kept.theme } : {}),
    };
  } catch {
    return {};
  }
}
