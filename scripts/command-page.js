// docs/commands.md from the command line's own definitions: every command with its arguments and options.
const { createProgram } = require('../dist/cli/main');

const INTRO = `# The command line

Every command of \`patter\`, from its own help (\`patter help <command>\` prints the same). Written by \`npm run api\`; a test compares it with the program.

Most commands take \`--json\`: the result alone on stdout, for programs. Progress and errors go to stderr; an error is one line with a [code](errors.md). Exit codes: 0 done, 1 failed, 2 wrong usage.
Configuration comes from the environment and \`.env\`: [configuration.md](configuration.md).
`;

/** What stands in a table's cell. */
const cell = (text) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').trim();

function* commandsOf(command, path) {
  for (const sub of command.commands) {
    if (sub.name() === 'help' || sub._hidden) continue;
    yield [`${path} ${sub.name()}`, sub];
    yield* commandsOf(sub, `${path} ${sub.name()}`);
  }
}

function pageOf(program) {
  const parts = [INTRO];
  for (const [path, command] of commandsOf(program, program.name())) {
    const isFamily = command.commands.length > 0;
    parts.push(`${path.split(' ').length > 2 ? '###' : '##'} ${path}\n`);
    parts.push(`${cell(command.description()).replace(/^./, (first) => first.toUpperCase())}.\n`);
    if (isFamily) continue;
    const usage = command.registeredArguments.map((arg) => {
      const inner = `${arg.name()}${arg.variadic ? '...' : ''}`;
      return arg.required ? `<${inner}>` : `[${inner}]`;
    });
    const args = command.registeredArguments.map((arg, i) => [usage[i], arg.description]);
    const options = command.options
      .filter(({ hidden }) => !hidden)
      .map((option) => [option.flags, `${option.description}${defaultOf(option)}`]);
    const rows = [...args, ...options].map(([name, text]) => `| \`${name.replaceAll('|', '\\|')}\` | ${cell(text)} |`);
    if (usage.length > 0) parts.push(`\`${path} ${usage.join(' ')}\`\n`);
    if (rows.length > 0) parts.push(`| | |\n| --- | --- |\n${rows.join('\n')}\n`);
  }
  return `${parts
    .join('\n')
    .replace(/\.\.\n/g, '.\n')
    .trimEnd()}\n`;
}

function defaultOf({ defaultValue, defaultValueDescription }) {
  if (defaultValueDescription) return ` (default: ${defaultValueDescription})`;
  if (defaultValue === undefined || defaultValue === false || typeof defaultValue === 'object') return '';
  return ` (default: ${defaultValue})`;
}

module.exports = { commandPage: () => pageOf(createProgram()) };
