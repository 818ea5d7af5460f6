import { html } from 'htm/preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type ErrorCode, statusOf, titleOf } from '../../kernel/errors.ts'
import { Fields } from './fields.ts'
import type { Entry } from './reference.ts'

/** Everything about one command or fact. */
export function EntryView({ entry }: { entry: Entry }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // Whoever chose it from the list reads on here, with eyes or with a screen reader; at once, or it would be taken from where one went meanwhile.
  useLayoutEffect(() => heading.current?.focus(), [entry.key])
  const isCommand = entry.kind === 'command'
  return html`
    <article class="card">
      <div class="row"><span class="chip">${entry.kind}</span><span class="chip">namespace <code>${entry.namespace}</code></span><span class="chip">${entry.feature}</span></div>
      <h1 tabindex="-1" ref=${heading}>${entry.name}</h1>
      <p>${entry.summary}. <${Words} text=${entry.description} /></p>
      <h2>${isCommand ? 'Payload' : 'Data'}</h2>
      <${Fields} schema=${entry.payload} caption=${`Fields of ${entry.name}`} none=${isCommand ? 'Nothing: send {}.' : 'Nothing: {}.'} />
      <${Example} value=${entry.example} label=${isCommand ? 'Example payload' : 'Example data'} />
      ${entry.answer && html`
        <h2>Answer</h2>
        <${Fields} schema=${entry.answer.schema} caption=${`Fields of the answer to ${entry.name}`} none="Nothing: {}." />
        <${Example} value=${entry.answer.example} label="Example acknowledgement" />
        <h2>Refusals</h2>
        <div class="scroll" tabindex="0" role="region" aria-label="Refusals">
          <table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th></tr></thead>
            <tbody>${entry.refusals.map((code) => html`<tr key=${code}><th scope="row"><code>${code}</code></th><td>${statusOf(code as ErrorCode)}</td><td>${titleOf(code as ErrorCode)}</td></tr>`)}</tbody></table>
        </div>`}
      ${entry.meta && html`
        <h2>Meta</h2>
        <${Fields} schema=${entry.meta.schema} caption="Fields of meta" none="Nothing." />
        <${Example} value=${entry.meta.example} label="Example meta" />`}
    </article>
  `
}

// The document's sentences carry code in backticks and nothing else.
function Words({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}

export function Example({ value, label }: { value: unknown; label: string }) {
  const [copied, setCopied] = useState('')
  const text = JSON.stringify(value, null, 2)
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setCopied('Copied'), () => setCopied('Select it and copy by hand'))
  return html`
    <figure>
      <figcaption class="row spread"><span>${label}</span><span class="row"><span class="soft" role="status">${copied}</span><button type="button" class="plain small" onClick=${copy}>Copy</button></span></figcaption>
      <pre tabindex="0">${text}</pre>
    </figure>
  `
}
