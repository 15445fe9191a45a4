// Finds a member that is in a JSON object twice: parsers differ in which of the two counts, so neither may.

/** Brackets, and strings with the colon that makes a string a member's name. */
const TOKEN = /[{}[\]]|"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/** The first name that an object has twice, escapes resolved. The text must be one that `JSON.parse` takes. */
export function duplicateMember(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(token.slice(0, -colon.length)) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
