import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CsvReject, type CsvRow, openContactsCsv } from './contacts-csv';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patter-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Buffer): Promise<{ columns: string[]; rows: (CsvRow | CsvReject)[] }> {
  const file = join(folder, 'contacts.csv');
  await writeFile(file, content);
  const { columns, rows } = await openContactsCsv(file);
  const all: (CsvRow | CsvReject)[] = [];
  for await (const row of rows) all.push(row);
  return { columns, rows: all };
}

test('columns are known by many names, and all others are variables', async () => {
  const { columns, rows } = await read('Phone Number,Time-Zone,Firstname,Appointment Date\n+12125550101,America/New_York,Ada,Tuesday\n');
  expect(columns).toEqual(['first_name', 'appointment_date']);
  expect(rows).toEqual([
    {
      kind: 'row',
      line: 2,
      phone: '+12125550101',
      timezone: 'America/New_York',
      variables: { first_name: 'Ada', appointment_date: 'Tuesday' },
    },
  ]);
});

test('"phone" wins over other columns that could be it', async () => {
  const { columns, rows } = await read('mobile,phone\n1,2\n');
  expect(columns).toEqual(['mobile']);
  expect(rows).toMatchObject([{ phone: '2', variables: { mobile: '1' } }]);
});

test.each([
  ['semicolons', 'phone;first_name\n1;"Ada, Countess"\n'],
  ['tabs', 'phone\tfirst_name\n1\tAda, Countess\n'],
  ['commas', 'phone,first_name\n1,"Ada, Countess"\n'],
  ['a byte order mark', '\uFEFFphone,first_name\n1,"Ada, Countess"\n'],
  ['Windows line ends', 'phone,first_name\r\n1,"Ada, Countess"\r\n'],
])('a file with %s is read', async (_what, text) => {
  expect((await read(text)).rows).toMatchObject([{ line: 2, phone: '1', variables: { first_name: 'Ada, Countess' } }]);
});

test("a spreadsheet's UTF-16 is read", async () => {
  const text = Buffer.from('\uFEFFphone\tfirst_name\r\n1\tJürgen\r\n', 'utf16le');
  expect((await read(text)).rows).toMatchObject([{ phone: '1', variables: { first_name: 'Jürgen' } }]);
});

test('lines are those of the file, across quoted line breaks and empty lines', async () => {
  const { rows } = await read('phone,note\n1,"two\nlines"\n\n2,"three\r\nlines\nhere"\n,,,\n3,x\n');
  expect(rows.map(({ line, phone }) => ({ line, phone }))).toEqual([
    { line: 2, phone: '1' },
    { line: 5, phone: '2' },
    { line: 9, phone: '3' },
  ]);
});

test('a row with more fields than the header is rejected, and the next is read', async () => {
  const { rows } = await read('phone,name\n1,Ada,Countess\n2,Ben\n');
  expect(rows).toMatchObject([
    { kind: 'reject', line: 2, phone: '1', code: 'PATTER_CONTACT_ROW_INVALID' },
    { kind: 'row', line: 3, phone: '2' },
  ]);
});

test('a row with fewer fields has empty ones', async () => {
  expect((await read('phone,name,date\n1,Ada\n')).rows).toMatchObject([{ variables: { name: 'Ada', date: '' } }]);
});

test('a quotation mark that is never closed is one rejected row that says so', async () => {
  const { rows } = await read('phone,name\n1,Ada\n2,"Ben\n3,Cem\n');
  expect(rows).toMatchObject([
    { kind: 'row', phone: '1' },
    { kind: 'reject', line: 3, reason: expect.stringContaining('nothing after this line was read') },
  ]);
});

test.each([
  ['an empty file', '', 'empty'],
  ['a file without a phone column', 'name,date\nAda,Tuesday\n', '"name", "date"'],
  ['a column twice', 'phone,name,Name\n1,2,3\n', 'two columns'],
])('%s is refused as a whole', async (_what, text, words) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'PATTER_CONTACTS_FILE_INVALID', message: expect.stringContaining(words) });
});

test('a file that is not there is refused with its name', async () => {
  await expect(openContactsCsv(join(folder, 'none.csv'))).rejects.toMatchObject({
    code: 'PATTER_CONTACTS_FILE_INVALID',
    message: expect.stringContaining('none.csv'),
  });
});
