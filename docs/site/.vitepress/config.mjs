import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { anchorsExist } from './anchors.mjs'
import { documentation } from './godoc.mjs'
import { markdown } from './markdown.mjs'
import { notPages, onGitHub, repository, rewritten, root, sidebar } from './pages.mjs'

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#3a7bd5" stroke-width="4"
 stroke-linecap="round"><path d="M9 4q0 10 7 14v10M23 4q0 10-7 14"/></svg>`

// Pages become Vue components, outside of the folder that has Vue.
const vueFromHere = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (/^vue(\/|$)/.test(id) && importer?.endsWith('.md')) {
      return this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true })
    }
  },
}

export default defineConfig({
  title: 'Tributary',
  description: 'Streams for Go that take a context, can half-close, and close gracefully or at once by one rule',
  lang: 'en-GB',
  base: process.env.SITE_BASE || '/', // such as /tributary/, with both slashes
  srcDir: root,
  srcExclude: notPages,
  outDir: './dist',
  rewrites: rewritten,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  markdown,
  vue: { template: { transformAssetUrls: { img: ['src'], FullSize: ['src'] } } },
  vite: { plugins: [vueFromHere] },
  buildEnd: ({ outDir, site }) => anchorsExist(outDir, site.base),
  themeConfig: {
    nav: [
      { text: 'Documentation', link: '/docs/' },
      { text: 'Go reference', link: documentation },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local', options: { miniSearch: { searchOptions: { combineWith: 'AND' } } } },
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: onGitHub(':path'), text: 'This page in the repository' },
  },
})
