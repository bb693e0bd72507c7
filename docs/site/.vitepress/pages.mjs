// Which Markdown files are pages, and their order in the sidebar, which is that
// of the tables in docs/README.md.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))
export const repository = 'https://github.com/tributary-go/tributary'

const map = 'docs/README.md'

// Globs of Markdown files that are no pages: those of the code, and this
// folder's. The same as in pages().
export const notPages = ['!(docs)/**/*', 'docs/site/**']

// pages are the files from the root: README.md, docs/contract.md.
export const pages = new Set([
  ...readdirSync(root),
  ...readdirSync(path.join(root, 'docs'), { recursive: true })
    .map((file) => path.posix.join('docs', file.replaceAll('\\', '/')))
    .filter((file) => !file.startsWith('docs/site/')),
].filter((file) => file.endsWith('.md')))

// rewritten is where a page is on the site, from its root.
export function rewritten(page) {
  return page.replace(/(^|\/)README\.md$/, '$1index.md')
}

// pageAt is the page that a file or folder of the repository is shown as.
export function pageAt(file) {
  return [file, path.posix.join(file, 'README.md')].find((page) => pages.has(page))
}

// onGitHub is the address of any other file or folder.
export function onGitHub(file, isFolder) {
  return `${repository}/${isFolder ? 'tree' : 'blob'}/main/${file}`
}

export function sidebar() {
  const groups = { Tasks: [], 'Coming from elsewhere': [], Reference: [], Examples: [], Project: [] }
  const listed = new Set(['README.md', map])
  for (const [first, ...links] of rows()) {
    for (const [i, file] of links.map(shownAs).entries()) {
      if (!listed.has(file)) groups[groupOf(first, file, i)].push(item(file))
      listed.add(file)
    }
  }
  const missing = [...pages].filter((page) => !listed.has(page))
  if (missing.length > 0) {
    throw new Error(`no table of ${map} has a link to ${missing.join(', ')}, so the sidebar would lack it`)
  }
  return [
    { items: [item('README.md', 'Overview'), item(map, 'All pages')] },
    ...Object.entries(groups).map(([text, items]) => ({ text, items })),
  ]
}

// rows are those of the map's tables: the first cell's text, then the files that
// the row links to.
function rows() {
  const lines = readFileSync(path.join(root, map), 'utf8').split('\n').filter((line) => line.startsWith('|'))
  return lines.map((line) => [
    line.split('|')[1].trim(),
    ...Array.from(line.matchAll(/\]\((?!https:)([^)#\s]+)/g), ([, link]) => path.posix.join('docs', link)),
  ]).filter(([first]) => !first.startsWith('in [')) // the heading of the examples
}

// groupOf tells by the words of the map what kind of page a row has. What a task
// mentions beside its page is to look things up in.
function groupOf(first, file, i) {
  if (file.startsWith('docs/examples')) return 'Examples'
  if (first.startsWith('come from')) return 'Coming from elsewhere'
  if (first.startsWith('change')) return 'Project'
  if (first.startsWith('know') || i > 0) return 'Reference'
  return 'Tasks'
}

// shownAs is the page of an example, or its folder, for a file of it; other files
// as they are.
function shownAs(file) {
  const [example] = file.match(/^docs\/examples\/[^/]+/) ?? [file]
  return pageAt(example) ?? example
}

function item(page, text) {
  if (!existsSync(path.join(root, page))) {
    throw new Error(`${map} has a link to ${page}, which is not there`)
  }
  if (!pages.has(page)) {
    return { text: path.basename(page), link: onGitHub(page, true) }
  }
  return { text: text ?? title(page), link: '/' + rewritten(page).replace(/index\.md$|\.md$/, '') }
}

function title(page) {
  const heading = readFileSync(path.join(root, page), 'utf8').match(/^# (.+)$/m)
  if (!heading) {
    throw new Error(`${page} has no heading "# …" to name it by`)
  }
  return heading[1].replaceAll('`', '')
}
