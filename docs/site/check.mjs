// Looks at every page of the built site in a real browser, at a desk's and a
// phone's width, in light and dark; tries search, navigation and the toggle.
// CHROMIUM is the browser. With SHOTS=folder it leaves screenshots there.

import { createServer } from 'node:http'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const dist = fileURLToPath(new URL('dist', import.meta.url))
const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }
const schemes = ['light', 'dark']
const shots = process.env.SHOTS
let checks = 0
const failures = []

function check(ok, what) {
  checks++
  if (!ok) failures.push(what)
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  const file = path.join(dist, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '')
  const found = existsSync(file) && statSync(file).isFile()
  response.writeHead(found ? 200 : 404, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream' })
  response.end(found ? readFileSync(file) : '')
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`

if (!process.env.CHROMIUM) throw new Error('CHROMIUM names no browser')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
try {
  const found = await crawl()
  for (const size of Object.keys(sizes)) {
    for (const scheme of schemes) await lookAtAll([...found.keys()], size, scheme)
  }
  await search('CloseForcefully')
  await search('half-close')
  await navigateOnPhone()
  await toggleDark()
} finally {
  await browser.close()
  server.close()
}
failures.forEach((failure) => console.error(failure))
console.log(`${checks - failures.length} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0

// open gives a new tab, whose errors and failed requests are failures.
async function open(size, scheme) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme, isMobile: size === 'phone', hasTouch: size === 'phone' })
  const page = await context.newPage()
  page.setDefaultTimeout(120_000)
  page.on('pageerror', (error) => check(false, `${page.url()}: ${error}`))
  page.on('console', (message) => check(message.type() !== 'error', `${page.url()}: ${message.text()}`))
  page.on('request', (request) => check(/^(data:|blob:)/.test(request.url()) || request.url().startsWith(origin), `${page.url()} asks for ${request.url()}`))
  return page
}

async function visit(page, address) {
  const response = await page.goto(origin + address, { waitUntil: 'load' })
  check(response.ok(), `${address}: ${response.status()}`)
}

// crawl follows each link within the site from its home page, and checks that
// each page and anchor is there.
async function crawl() {
  const page = await open('desk', 'light')
  const found = new Map([['/', null]]) // the ids on each page
  const links = []
  for (const address of found.keys()) {
    await visit(page, address)
    const seen = await page.evaluate(() => ({
      ids: Array.from(document.querySelectorAll('[id]'), ({ id }) => id),
      links: Array.from(document.querySelectorAll('a[href]'), ({ href }) => href),
      images: Array.from(document.images, ({ src, naturalWidth }) => ({ src, naturalWidth })),
    }))
    found.set(address, new Set(seen.ids))
    for (const { src, naturalWidth } of seen.images) check(naturalWidth > 0, `${address}: no picture ${src}`)
    for (const link of seen.links.filter((link) => link.startsWith(origin))) {
      const { pathname, hash } = new URL(link)
      if (/(\/|\.html)$/.test(pathname)) {
        if (!found.has(pathname)) found.set(pathname, null)
        links.push({ address, pathname, anchor: decodeURIComponent(hash.slice(1)) })
      } else {
        check(existsSync(path.join(dist, pathname)), `${address}: no ${pathname}`)
      }
    }
  }
  for (const { address, pathname, anchor } of links) {
    check(anchor === '' || found.get(pathname).has(anchor), `${address}: no ${pathname}#${anchor}`)
  }
  console.log(`${found.size} pages, ${links.length} links within the site`)
  await page.context().close()
  return found
}

// lookAtAll checks that no page is wider than the window: what is wide scrolls in
// itself.
async function lookAtAll(addresses, size, scheme) {
  const page = await open(size, scheme)
  for (const address of addresses) {
    await visit(page, address)
    const wide = await page.evaluate(() => {
      const width = document.documentElement.clientWidth
      const scrolls = (e) => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement))
      const out = Array.from(document.querySelectorAll('.VPContent *')).find((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e))
      return { by: document.documentElement.scrollWidth - width, out: out?.outerHTML.slice(0, 100) }
    })
    check(wide.by <= 0 && !wide.out, `${address} (${size}): wider than the window by ${wide.by}: ${wide.out}`)
    const dark = await page.evaluate(() => document.documentElement.classList.contains('dark'))
    check(dark === (scheme === 'dark'), `${address}: not ${scheme}`)
    await shoot(page, `${address.replaceAll('/', '_')}-${size}-${scheme}`)
  }
  await page.context().close()
}

async function search(words) {
  const page = await open('desk', 'light')
  await visit(page, '/')
  await page.locator('#local-search button, .VPNavBarSearch button').first().click()
  await page.locator('input.search-input').fill(words)
  const first = page.locator('.VPLocalSearchBox .result').first()
  await first.waitFor()
  await shoot(page, `search-${words}`)
  await first.click()
  await page.waitForURL((url) => url.pathname !== '/' || url.hash !== '')
  const text = await page.locator('.vp-doc').innerText()
  check(text.toLowerCase().includes(words.toLowerCase()), `the first that search finds for ${words}, ${page.url()}, does not have it`)
  await page.context().close()
}

async function navigateOnPhone() {
  const page = await open('phone', 'light')
  await visit(page, '/')
  await page.locator('.VPLocalNav button.menu').click()
  const link = page.locator('.VPSidebar a', { hasText: 'The stream contract' })
  await link.waitFor({ state: 'visible' })
  await page.waitForTimeout(1000) // it slides in
  await shoot(page, 'sidebar-phone')
  await link.click()
  await page.waitForURL('**/docs/contract.html')
  await page.locator('h1', { hasText: 'The stream contract' }).waitFor()
  check(!(await page.locator('.VPSidebar').evaluate((e) => e.classList.contains('open'))), 'the sidebar stays open')
  await page.context().close()
}

// toggleDark checks that the site's own switch turns pictures too, though the
// system stays light.
async function toggleDark() {
  const page = await open('desk', 'light')
  await visit(page, '/')
  await page.locator('.VPNavBar .VPSwitchAppearance').first().click()
  check(await page.evaluate(() => getComputedStyle(document.querySelector('.picture img')).colorScheme) === 'dark', 'pictures stay light')
  await page.locator('.picture img').first().scrollIntoViewIfNeeded()
  await page.waitForTimeout(1000) // colours fade
  await shoot(page, 'toggled-dark')
  await page.context().close()
}

async function shoot(page, name) {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: path.join(shots, `${name}.png`) })
}
