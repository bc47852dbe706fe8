import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLabEnvironment } from './lab-environment';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-lab-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the file of an earlier lab is written anew, and nobody else's", () => {
  const file = join(folder, '.env');
  writeLabEnvironment(file, { TWILIO_BASE_URL: 'http://127.0.0.1:1' });
  writeLabEnvironment(file, { TWILIO_BASE_URL: 'http://127.0.0.1:2' });
  expect(readFileSync(file, 'utf8').split('\n').slice(1)).toEqual(['TWILIO_BASE_URL=http://127.0.0.1:2', '']);
  const keys = 'TWILIO_AUTH_TOKEN=a-real-one\n';
  writeFileSync(file, keys);
  expect(() => writeLabEnvironment(file, {})).toThrow(`${file} has something else in it`);
  expect(readFileSync(file, 'utf8')).toBe(keys);
});
