import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

// anchorsExist fails for links within the built site whose #anchor is not on the
// page: the generator itself only checks that there is a page.
export function anchorsExist(outDir, base) {
  const files = readdirSync(outDir, { recursive: true }).filter((file) => file.endsWith('.html'))
  const texts = new Map(files.map((file) => [file.replaceAll('\\', '/'), readFileSync(path.join(outDir, file), 'utf8')]))
  const dead = []
  for (const [page, text] of texts) {
    for (const [, link, anchor] of text.matchAll(/<a\s[^>]*?href="([^":#]*)#([^"]+)"/g)) {
      const target = link === '' ? page : link.slice(base.length).replace(/(^|\/)$/, '$1index.html')
      if (!texts.get(target)?.includes(` id="${decodeURIComponent(anchor)}"`)) {
        dead.push(`${page}: ${link}#${anchor}`)
      }
    }
  }
  if (dead.length > 0) {
    throw new Error(`dead links:\n${dead.join('\n')}`)
  }
}
