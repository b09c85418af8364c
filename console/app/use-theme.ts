import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

/** The chosen theme. `system` follows the device; the choice stays in this browser. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const chosen = localStorage.getItem('theme');
    return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
  });
  return [
    theme,
    (next) => {
      setTheme(next);
      if (next === 'system') {
        localStorage.removeItem('theme');
        delete document.documentElement.dataset['theme'];
      } else {
        localStorage.setItem('theme', next);
        document.documentElement.dataset['theme'] = next;
      }
    },
  ];
}
