import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { type Ack, type Client, newKey } from '../../client/index.ts'
import { Trouble } from '../kit/parts.ts'
import { sentenceOf } from '../kit/words.ts'
import type { Entry } from './reference.ts'

/** Sends the chosen command for real, as whoever is signed in, and shows the acknowledgement as it came. */
export function Console({ client, entry, online }: { client: Client; entry: Entry | undefined; online: boolean }) {
  const drafts = useRef(new Map<string, string>())
  if (!entry || entry.kind === 'fact') return html`<p class="soft">Choose a command to send it.</p>`
  if (entry.namespace === '/overlay') return html`<p class="soft">Overlay pages send this one, with a token of their own.</p>`
  // One form for each command: what was typed, or answered, for another is never sent or shown here.
  return html`<${CommandForm} key=${entry.key} client=${client} entry=${entry} online=${online} drafts=${drafts.current} />`
}

function CommandForm({ client, entry, online, drafts }: { client: Client; entry: Entry; online: boolean; drafts: Map<string, string> }) {
  const { key, name } = entry
  const hasKey = entry.payload.properties?.['key'] !== undefined
  // The key of the printed example would be the second caller's mistake.
  const freshExample = (): string => JSON.stringify(hasKey ? { ...(entry.example as object), key: newKey() } : entry.example, null, 2)
  const [text, setText] = useState(() => drafts.get(key) ?? freshExample())
  const [ack, setAck] = useState<Ack | undefined>()
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)

  function write(next: string): void {
    drafts.set(key, next)
    setText(next)
  }

  async function send(): Promise<void> {
    setAck(undefined)
    const payload = parse(text)
    if (payload === undefined) return setError('This is not JSON yet.')
    setBusy(true)
    setError('')
    await client.emit(name, payload).then(setAck, (failure: unknown) => setError(sentenceOf(failure)))
    setBusy(false)
  }

  return html`
    <form onSubmit=${(event: Event) => {
      event.preventDefault()
      if (!busy && online) void send()
    }}>
      <label>Payload of ${name}
        <textarea rows=${Math.min(14, text.split('\n').length + 1)} spellcheck=${false} autocomplete="off" value=${text} onInput=${(event: InputEvent) => write((event.currentTarget as HTMLTextAreaElement).value)}
          onKeyDown=${(event: KeyboardEvent) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit()
          }}></textarea></label>
      ${hasKey && html`<p class="soft">The same <code>key</code> gets the first answer again.</p>`}
      <div class="row"><button disabled=${busy || !online}>${busy ? 'Sending…' : 'Send'}</button><button type="button" class="plain" onClick=${() => write(freshExample())}>${hasKey ? 'Example with a new key' : 'Example'}</button></div>
      ${error && html`<${Trouble} text=${error} />`}
    </form>
    <div role="status">${ack && html`<figure><figcaption class=${ack.ok ? 'good' : 'bad'}>${ack.ok ? 'Acknowledged' : 'Refused'}</figcaption><pre tabindex="0" class="ack">${JSON.stringify(ack, null, 2)}</pre></figure>`}</div>
  `
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
