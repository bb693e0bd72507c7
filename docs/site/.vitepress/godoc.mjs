// The exported names, as prose writes them, and where pkg.go.dev has them. From
// docs/api.txt, the listing that a Go test keeps up to date.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './pages.mjs'

export const documentation = 'https://pkg.go.dev/github.com/tributary-go/tributary'

// names has "abc.Stream" and "abc.Stream.SendEOF".
export const names = new Map()

let pkg = '' // its path in the module
let type = ''
for (const line of readFileSync(path.join(root, 'docs/api.txt'), 'utf8').split('\n')) {
  let m
  if ((m = line.match(/^package (\S+)/))) {
    pkg = m[1]
  } else if ((m = line.match(/^func \(\w+ \*?(\w+)[^)]*\) (\w+)/))) {
    add(`${m[1]}.${m[2]}`)
  } else if ((m = line.match(/^(func|type|var|const) (\w+)/))) {
    type = m[2]
    add(m[2])
  } else if ((m = line.match(/^\t([A-Z]\w*)[ (]/))) {
    add(`${type}.${m[1]}`)
  }
}

function add(name) {
  names.set(`${path.basename(pkg)}.${name}`, `${documentation}/${pkg}#${name}`)
}
