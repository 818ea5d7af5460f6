import { type ComponentChild, render } from 'preact'

/** Draws a page in place of what its HTML says while it loads: Preact would leave that standing below. */
export function mount(page: ComponentChild): void {
  const root = document.querySelector('#root') as HTMLElement
  root.replaceChildren()
  render(page, root)
}
