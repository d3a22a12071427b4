import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Constants of modules stay constants, so that the browser's compiler may build their values in: the engine's tables above all. */
const CONSTANTS_STAY = { output: { topLevelVar: false } } as const;

export default defineConfig({
  base: './',
  plugins: [react()],
  worker: { format: 'es', rolldownOptions: CONSTANTS_STAY },
  build: { target: 'es2022', chunkSizeWarningLimit: 700, rolldownOptions: CONSTANTS_STAY },
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
    environment: 'node',
    testTimeout: 60_000,
  },
});
