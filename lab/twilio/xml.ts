/** As much XML as TwiML needs: elements, attributes, text, comments, CDATA and the five entities. */

export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** All text directly inside, trimmed. */
  text: string;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** @throws Error when it is not well formed */
export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open: XmlElement[] = [root];
  let position = 0;
  TOKEN.lastIndex = 0;
  while (position < source.length) {
    const token = TOKEN.exec(source);
    if (!token) throw new Error(`not well formed at character ${position}: ${source.slice(position, position + 40)}`);
    position = TOKEN.lastIndex;
    const [, cdata, closing, opening, attributes, selfClosing, text] = token;
    const parent = open.at(-1) as XmlElement;
    if (cdata !== undefined) parent.text += cdata;
    else if (text !== undefined) parent.text += decodeEntities(text);
    else if (closing !== undefined) {
      if (open.length === 1 || parent.name !== closing) throw new Error(`</${closing}> closes nothing that is open`);
      parent.text = parent.text.trim();
      open.pop();
    } else if (opening !== undefined) {
      const element: XmlElement = { name: opening, attributes: parseAttributes(attributes ?? ''), children: [], text: '' };
      parent.children.push(element);
      if (!selfClosing) open.push(element);
    }
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  const [element] = root.children;
  if (!element || root.children.length > 1 || root.text.trim() !== '') throw new Error('there must be exactly one root element');
  return element;
}

function parseAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, double, single] of source.matchAll(ATTRIBUTE)) attributes[name as string] = decodeEntities(double ?? single ?? '');
  return attributes;
}

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (entity[0] !== '#') {
      const character = ENTITIES[entity];
      if (character === undefined) throw new Error(`unknown entity ${whole}`);
      return character;
    }
    return String.fromCodePoint(entity[1]?.toLowerCase() === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1)));
  });
}
