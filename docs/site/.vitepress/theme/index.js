import DefaultTheme from 'vitepress/theme-without-fonts'
import { h } from 'vue'
import './style.css'

// A picture that leads to itself in full size.
function FullSize({ src, alt, width, height }) {
  const img = h('img', { src, alt, width, height, style: { '--width': `${width}px` } })
  return h('a', { class: 'picture', href: src, target: '_blank' }, img)
}
FullSize.props = ['src', 'alt', 'width', 'height']

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => app.component('FullSize', FullSize),
}
