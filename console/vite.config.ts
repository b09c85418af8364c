import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `npm run console:dev` serves the sources at a port of its own and hands everything else to a service at its usual address. */
const SERVICE = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // The content policy allows no data: addresses, so nothing is put into one.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/console', '/temporal'].map((path) => [path, { target: SERVICE, changeOrigin: true }]),
    ),
  },
});
