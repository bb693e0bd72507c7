import DefaultTheme from 'vitepress/theme-without-fonts'
import { h } from 'vue'
import './style.css'

// A picture that leads to itself in full size.
function FullSize({ src, alt }) {
  return h('a', { class: 'picture', href: src, target: '_blank' }, h('img', { src, alt }))
}
FullSize.props = ['src', 'alt']

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => app.component('FullSize', FullSize),
}
