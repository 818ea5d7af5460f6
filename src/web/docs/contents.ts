import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Entry } from './reference.ts'

const groups = [
  { title: 'Commands', kind: 'command', namespace: '/' },
  { title: 'Facts', kind: 'fact', namespace: '/' },
  { title: 'Overlay commands', kind: 'command', namespace: '/overlay' },
  { title: 'Overlay facts', kind: 'fact', namespace: '/overlay' },
] as const

/** The list of everything, narrowed while one types. */
export function Contents({ entries, chosen }: { entries: readonly Entry[]; chosen: string }) {
  const [term, setTerm] = useState('')
  const words = term.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const found = entries.filter(({ name, summary, feature }) => words.every((word) => `${name} ${summary} ${feature}`.toLowerCase().includes(word)))
  const link = (key: string, text: string) => html`<a href=${`#${key}`} aria-current=${key === chosen ? 'true' : undefined}>${text}</a>`
  return html`
    <nav class="card contents" aria-label="Commands and facts">
      <label>Search <input type="search" value=${term} placeholder="tip, wallet, alert…" onInput=${(event: InputEvent) => setTerm((event.currentTarget as HTMLInputElement).value)} /></label>
      <p class="soft" role="status">${words.length === 0 ? `${entries.length} in all` : found.length === 0 ? 'Nothing has such a name or summary.' : `${found.length} of ${entries.length}`}</p>
      <div class="lists">
        ${words.length === 0 && html`<ul><li>${link('', 'Connect')}</li></ul>`}
        ${groups.map(({ title, kind, namespace }) => {
          const own = found.filter((entry) => entry.kind === kind && entry.namespace === namespace)
          return own.length > 0 && html`<h2>${title}</h2><ul>${own.map(({ key, name }) => html`<li key=${key}>${link(key, name)}</li>`)}</ul>`
        })}
      </div>
    </nav>
  `
}
