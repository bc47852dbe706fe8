import { defineConfig } from 'vite';

// Served by control/dashboard below /dashboard/, from memory: few files, none from elsewhere, nothing inline (the content security policy forbids it).
export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic' } },
  build: { outDir: '../dist/dashboard', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
