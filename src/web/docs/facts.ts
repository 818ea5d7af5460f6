import { html } from 'htm/preact'
import type { Meta } from '../../client/index.ts'

export interface Heard {
  id: number
  name: string
  data: unknown
  meta: Meta | undefined
  at: Date
}

/** What the connection hears, the newest first. */
export function LiveFacts({ heard, onClear }: { heard: readonly Heard[]; onClear: () => void }) {
  return html`
    <div class="row spread"><h3>Facts as they come</h3>${heard.length > 0 && html`<button type="button" class="plain small" onClick=${onClear}>Clear</button>`}</div>
    ${heard.length === 0 && html`<p class="soft">None yet. What happens to you shows here at once.</p>`}
    <ol class="heard" role="log" aria-label="Facts">
      ${heard.map(({ id, name, data, meta, at }) => html`
        <li key=${id}><details><summary><code>${name}</code> <time class="soft" datetime=${at.toISOString()}>${at.toLocaleTimeString()}</time></summary><pre tabindex="0">${JSON.stringify({ data, meta }, null, 2)}</pre></details></li>`)}
    </ol>
  `
}
