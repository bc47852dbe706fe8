/** The built page, and the one that asks for a credential. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PageFile {
  type: string;
  body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where `scripts/build.js` puts it, seen from the sources and from dist/control/dashboard. */
const FOLDERS = ['../../dist/dashboard', '../../dashboard'].map((path) => join(__dirname, path));

/** By its path below /dashboard/, `index.html` first; undefined where it has not been built. */
export function readPage(folders: readonly string[] = FOLDERS): ReadonlyMap<string, PageFile> | undefined {
  // The folder of the sources has an index.html too.
  const folder = folders.find((one) => existsSync(join(one, 'index.html')) && existsSync(join(one, 'assets')));
  if (folder === undefined) return undefined;
  const names = ['index.html', ...readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`)];
  const files = names.flatMap((name) => {
    const type = TYPES[extname(name)];
    return type === undefined ? [] : [[name, { type, body: readFileSync(join(folder, name)) }] as const];
  });
  return new Map(files);
}

const LOGIN_STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f5f6f8, #101318); color: light-dark(#1a1f2b, #e7eaf0); }
main { width: min(22rem, calc(100vw - 3rem)); padding: 2rem; border-radius: 14px; background: light-dark(#fff, #191e26); border: 1px solid light-dark(#dfe3ea, #2b323e); box-sizing: border-box; }
h1 { margin: 0 0 .25rem; font-size: 1.25rem; } p { margin: 0 0 1.25rem; color: light-dark(#5b6475, #9aa5b8); }
label { display: block; font-weight: 600; font-size: .875rem; margin-bottom: .375rem; }
input, button { width: 100%; box-sizing: border-box; font: inherit; padding: .625rem .75rem; border-radius: 8px; }
input { border: 1px solid light-dark(#c3cad6, #3b4554); background: light-dark(#fff, #101318); color: inherit; }
button { margin-top: 1rem; border: 0; background: #2f6fed; color: #fff; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid #2f6fed; outline-offset: 2px; }
.wrong { color: light-dark(#b3261e, #ff8a80); } code { font-size: .875em; }`;

export type LoginState = 'ask' | 'wrong' | 'closed';

/** @param hint where the credential comes from; plain text */
export function loginPage(state: LoginState, hint: string): { html: string; styleNonce: string } {
  const styleNonce = randomBytes(16).toString('base64');
  const form = `
    <form method="post" action="/dashboard/login">
      ${state === 'wrong' ? '<p class="wrong" role="alert">That opens nothing. Try again.</p>' : ''}
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
      <button>Sign in</button>
    </form>`;
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Patter: sign in</title>
    <style nonce="${styleNonce}">${LOGIN_STYLE}</style>
  </head>
  <body>
    <main>
      <h1>Patter</h1>
      <p>${hint}</p>${state === 'closed' ? '' : form}
    </main>
  </body>
</html>
`;
  return { html, styleNonce };
}
