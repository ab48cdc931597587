import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

// The sources that the page shows, as they are in this checkout: a declaration by its name, or a whole file.

const root = join(__dirname, '..');

/** A declaration of a file, as HTML. */
export interface Excerpt {
  readonly html: string;
  /** Its first line in the file, from 1. */
  readonly line: number;
}

/**
 * A top-level declaration without its comment.
 * @param file its path from the root
 * @throws Error when the file has no such declaration
 */
export function excerpt(file: string, name: string): Excerpt {
  const source = parse(file);
  const found = source.statements.find((statement) => namesOf(statement).includes(name));
  if (!found) throw new Error(`${file} declares no ${name}`);
  const start = found.getStart(source);
  return {
    html: highlighted(source, start, found.getEnd()).join('\n'),
    line: source.getLineAndCharacterOfPosition(start).line + 1,
  };
}

/** The lines of a file, as HTML. */
export function wholeFile(file: string): string[] {
  const source = parse(file);
  return highlighted(source, 0, source.getEnd());
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return name ? [name.text] : [];
}

/** The text between two positions, line by line, with the class of each token that has one. */
function highlighted(source: ts.SourceFile, from: number, to: number): string[] {
  const lines = [''];
  const write = (start: number, end: number, kind?: string) => {
    const [first, last] = [Math.max(start, from), Math.min(end, to)];
    if (last <= first) return;
    source.text
      .slice(first, last)
      .split('\n')
      .forEach((part, i) => {
        if (i > 0) lines.push('');
        const escaped = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
        lines[lines.length - 1] += kind && part !== '' ? `<i class="${kind}">${escaped}</i>` : escaped;
      });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) return children.forEach(visit);
    const start = node.getStart(source);
    // What lies between two tokens is space and comments.
    const between = source.text.slice(node.getFullStart(), start);
    write(node.getFullStart(), start, between.trim() === '' ? undefined : 'comment');
    write(start, node.getEnd(), kindOf(node.kind));
  };
  visit(source);
  return lines;
}

function kindOf(kind: ts.SyntaxKind): string | undefined {
  if (kind >= ts.SyntaxKind.FirstKeyword && kind <= ts.SyntaxKind.LastKeyword) return 'keyword';
  if (kind === ts.SyntaxKind.NumericLiteral) return 'number';
  const isText = kind === ts.SyntaxKind.StringLiteral || kind === ts.SyntaxKind.RegularExpressionLiteral;
  const isTemplate = kind >= ts.SyntaxKind.FirstTemplateToken && kind <= ts.SyntaxKind.LastTemplateToken;
  return isText || isTemplate ? 'text' : undefined;
}
