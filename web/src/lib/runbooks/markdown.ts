/** A piece of a line. */
export type Piece =
  | { kind: 'text' | 'strong' | 'emphasis' | 'code' | 'filled'; text: string }
  | { kind: 'link'; text: string; href: string };

export type Block =
  | { kind: 'paragraph' | 'heading'; pieces: Piece[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; start: number; items: Piece[][] };

const pieces =
  /(`[^`\n]+`)|(\{\{[^{}\n]+\}\})|\*\*([^*\n]+)\*\*|(?<![\w*])[*_]([^*_\n]+)[*_](?!\w)|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+|\/[^\s)]*)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g;

/** Only what leads to a page or to a site becomes a link; everything else of a line is text. */
export function piecesOf(line: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of line.matchAll(pieces)) {
    const [whole, code, filled, strong, emphasis, title, href, bare] = match;
    if (match.index > at) found.push({ kind: 'text', text: line.slice(at, match.index) });
    if (code) found.push({ kind: 'code', text: code.slice(1, -1) });
    else if (filled) found.push({ kind: 'filled', text: filled.slice(2, -2).trim() });
    else if (strong) found.push({ kind: 'strong', text: strong });
    else if (emphasis) found.push({ kind: 'emphasis', text: emphasis });
    else if (title && href) found.push({ kind: 'link', text: title, href });
    else if (bare) found.push({ kind: 'link', text: bare, href: bare });
    at = match.index + whole.length;
  }
  if (at < line.length) found.push({ kind: 'text', text: line.slice(at) });
  return found;
}

const item = /^\s*(?:([-*+])|(\d+)[.)])\s+(.*)$/;

/** The part of Markdown (CommonMark) that instructions are written in, as data: nothing of it can become a tag. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', pieces: piecesOf(paragraph.join(' ')) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (/^\s*```/.test(line)) {
      endParagraph();
      const code: string[] = [];
      while (++at < lines.length && !/^\s*```/.test(lines[at]!)) code.push(lines[at]!);
      blocks.push({ kind: 'code', text: code.join('\n') });
      continue;
    }
    const listed = item.exec(line);
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (listed) {
      endParagraph();
      const ordered = listed[2] !== undefined;
      const last = blocks.at(-1);
      if (last?.kind === 'list' && last.ordered === ordered && lines[at - 1]?.trim())
        last.items.push(piecesOf(listed[3]!));
      else blocks.push({ kind: 'list', ordered, start: Number(listed[2] ?? 1), items: [piecesOf(listed[3]!)] });
    } else if (heading) {
      endParagraph();
      blocks.push({ kind: 'heading', pieces: piecesOf(heading[1]!) });
    } else if (line.trim() === '') endParagraph();
    else {
      const last = blocks.at(-1);
      // An indented line goes on with the item above it.
      if (/^\s{2,}/.test(line) && last?.kind === 'list' && paragraph.length === 0 && lines[at - 1]?.trim())
        last.items.at(-1)!.push({ kind: 'text', text: ' ' }, ...piecesOf(line.trim()));
      else paragraph.push(line.trim());
    }
  }
  endParagraph();
  return blocks;
}
