import type { KeyboardEvent, MouseEvent } from 'react';

/** Where a press happened, so that what it opens can stand there. */
export interface PressPlace {
  readonly x: number;
  readonly y: number;
}

export interface PressProps {
  readonly role: 'button';
  readonly tabIndex: number;
  readonly onClick: (event: MouseEvent) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** Makes a drawn thing a button: click, Enter and Space. */
export function pressable(press: (at: PressPlace) => void): PressProps {
  return {
    role: 'button',
    tabIndex: 0,
    onClick: (event) => {
      event.stopPropagation();
      press({ x: event.clientX, y: event.clientY });
    },
    onKeyDown: (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      event.stopPropagation();
      const box = event.currentTarget.getBoundingClientRect();
      press({ x: box.left + Math.min(box.width / 2, 80), y: box.top + Math.min(box.height, 40) });
    },
  };
}
