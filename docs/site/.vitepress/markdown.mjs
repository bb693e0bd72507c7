// What makes the repository's Markdown, written for GitHub, a site: its links,
// anchors and code. markdown-it's core rules, which see a whole page as tokens.

import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { names } from './godoc.mjs'
import { onGitHub, pageAt, rewritten, root } from './pages.mjs'

export const markdown = {
  // Nothing that GitHub would not do.
  anchor: { slugify },
  attrs: { disable: true },
  emoji: { shortcuts: {} },
  theme: { light: 'github-light', dark: 'github-dark-default' }, // whose comments are not too dim
  config(md) {
    md.linkify.set({ fuzzyLink: false, fuzzyEmail: false }) // README.md is no host in Moldova
    md.core.ruler.push('fence_indented_code', fenceIndentedCode)
    md.core.ruler.push('link_within_repository', linkWithinRepository)
    md.core.ruler.push('link_go_names', linkGoNames)
    md.core.ruler.push('size_pictures', sizePictures)
    const image = md.renderer.rules.image
    md.renderer.rules.image = (...args) => image(...args).replace(/^<img (.*?)\/?>$/, '<FullSize $1/>')
  },
}

// slugify makes GitHub's anchors.
function slugify(heading) {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
}

// fenceIndentedCode has indented code drawn as fenced code is.
function fenceIndentedCode({ tokens }) {
  for (const token of tokens.filter(({ type }) => type === 'code_block')) {
    token.type = 'fence'
    token.info = 'sh'
  }
}

// linkWithinRepository turns links to files into links to pages of the site, or to
// GitHub for what is none.
function linkWithinRepository({ tokens, env }) {
  for (const token of inline(tokens).filter(({ type }) => type === 'link_open')) {
    token.attrSet('href', resolve(env, token.attrGet('href')))
  }
}

function resolve(env, href) {
  if (/^([a-z]+:|#)/.test(href)) return href
  const [link, anchor] = href.split('#')
  const file = path.posix.join(path.posix.dirname(env.relativePath), link).replace(/\/$/, '')
  const hash = anchor ? `#${anchor}` : ''
  const page = pageAt(file)
  if (page) return `/${rewritten(page)}${hash}`
  const onDisk = path.join(root, file)
  if (file.startsWith('..') || !existsSync(onDisk)) {
    throw new Error(`${env.relativePath}: the link ${href} leads nowhere`)
  }
  return onGitHub(file, statSync(onDisk).isDirectory()) + hash
}

// linkGoNames links `abc.Stream` in prose, not in headings, to its documentation.
function linkGoNames({ tokens, Token }) {
  const prose = tokens.filter(({ type }, i) => type === 'inline' && tokens[i - 1]?.type !== 'heading_open')
  for (const token of prose) {
    let depth = 0
    token.children = token.children.flatMap((child) => {
      if (child.type === 'link_open') depth++
      if (child.type === 'link_close') depth--
      const address = child.type === 'code_inline' && depth === 0 && names.get(child.content.replace(/[[(].*$/, ''))
      if (!address) return [child]
      const open = new Token('link_open', 'a', 1)
      open.attrs = [['href', address], ['class', 'go no-icon']]
      return [open, child, new Token('link_close', 'a', -1)]
    })
  }
}

// sizePictures gives each picture its size, which a browser else learns too late,
// or not at all of an SVG that has a viewBox alone.
function sizePictures({ tokens, env }) {
  for (const token of inline(tokens).filter(({ type }) => type === 'image')) {
    const file = path.join(root, path.dirname(env.relativePath), token.attrGet('src'))
    const size = existsSync(file) && readFileSync(file, 'utf8').match(/viewBox="0 0 (\d+) (\d+)"/)
    if (size) token.attrs.push(['width', size[1]], ['height', size[2]])
  }
}

function inline(tokens) {
  return tokens.flatMap(({ children }) => children ?? [])
}
