// docs/reference.md: every export with its docstrings, from the model that API Extractor makes and the built declarations.
const { readFileSync } = require('node:fs');
const path = require('node:path');

const KINDS = [
  ['Class', 'Classes'],
  ['Function', 'Functions'],
  ['Variable', 'Values'],
  ['Interface', 'Interfaces'],
  ['TypeAlias', 'Types'],
];

function referenceOf(root, parts) {
  const lines = [
    '# Reference',
    '',
    'Every export with its options, units and errors. Made from the sources by `npm run api`: change it there. How things are used: the [guides](README.md).',
    '',
  ];
  for (const { module, model } of parts) lines.push(...moduleSection(root, module, model.members[0].members));
  return `${lines.join('\n').trimEnd()}\n`;
}

function moduleSection(root, module, members) {
  const kindOf = new Map();
  // A class that an interface gives its fields to has two entries: one section.
  for (const member of members) if (kindOf.get(member.name) !== 'Class') kindOf.set(member.name, member.kind);
  const fileOf = new Map(members.map((member) => [member.name, path.join(root, member.fileUrlPath)]));
  const lines = [`## \`${module}\``, ''];
  for (const [kind, title] of KINDS) {
    const names = [...kindOf].filter(([, one]) => one === kind).map(([name]) => name);
    if (names.length === 0) continue;
    lines.push(`**${title}:** ${names.map((name) => link(module, name)).join(', ')}`, '');
  }
  for (const [name, kind] of [...kindOf].sort(([a, one], [b, other]) => order(one) - order(other) || (a < b ? -1 : 1))) {
    const text = declarationsOf(readFileSync(fileOf.get(name), 'utf8'), name, kind);
    const { prose, code } = apart(text);
    const mentioned = [...kindOf.keys()].filter((other) => other !== name && new RegExp(`\\b${other}\\b`).test(withoutComments(code)));
    lines.push(`<a id="${anchor(module, name)}"></a>`, '', `### ${name}`, '');
    if (prose) lines.push(prose, '');
    lines.push('```ts', code, '```', '');
    if (mentioned.length > 0) lines.push(`See ${mentioned.map((other) => link(module, other)).join(', ')}.`, '');
  }
  return lines;
}

function order(kind) {
  return KINDS.findIndex(([one]) => one === kind);
}

function anchor(module, name) {
  // Function `tool` and class `Tool` would be one to a page that forgets case.
  return `${module.replace('/', '-')}-${/^[a-z]/.test(name) ? 'function-' : ''}${name.toLowerCase()}`;
}

function link(module, name) {
  return `[\`${name}\`](#${anchor(module, name)})`;
}

/** The text of what a name declares, docstrings included: all overloads, and a class together with its interface. */
function declarationsOf(file, name, kind) {
  const lines = file.split('\n');
  const head = new RegExp(`^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) ${name}\\b`);
  const found = [];
  for (let index = 0; index < lines.length; index++) {
    if (!head.test(lines[index])) continue;
    let first = index;
    if (/\*\/$/.test(lines[index - 1] ?? '')) {
      do first--;
      while (!/^\/\*\*/.test(lines[first]));
    }
    let last = index;
    // A declaration ends at the first line that is not indented and closes it.
    while (last < lines.length - 1 && !/^(?:\S.*)?[;}]$/.test(lines[last])) last++;
    const text = lines.slice(first, last + 1).filter((line) => !/^\s+(#private;|private )/.test(line));
    found.push(text.join('\n'));
  }
  if (found.length === 0) throw new Error(`api-reference: ${kind} ${name} is not where it is said to be`);
  return found.join('\n').replace(/^export (declare )?/gm, '');
}

/** The docstring above a single declaration as prose; those within stay in the code. */
function apart(text) {
  const comment = /^\/\*\*([\s\S]*?)\*\/\n/.exec(text);
  if (!comment) return { prose: '', code: text };
  return { prose: proseOf(comment[1]), code: text.slice(comment[0].length) };
}

function proseOf(comment) {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replace(/^ ?@throws /gm, 'Throws: ')
    .replace(/([^\n]) @throws /g, '$1\n\nThrows: ')
    .replace(/^@returns /gm, 'Returns: ')
    .replace(/^@param (\w+)( -)? /gm, '`$1`: ')
    .replace(/\n(?=(Throws|Returns): |`\w+`: )/g, '\n\n')
    .replace(/ ?@default (.*)/g, ' Default: $1.');
}

function withoutComments(code) {
  return code.replace(/\/\*[\s\S]*?\*\//g, '');
}

module.exports = { referenceOf };
