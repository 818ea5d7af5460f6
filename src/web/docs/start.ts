import { html } from 'htm/preact'
import { Fields } from './fields.ts'
import type { Schema } from './reference.ts'

const connect = `import { io } from 'socket.io-client'

const socket = io(location.origin, {
  transports: ['websocket'],
  auth: { token: access_token },
})
socket.on('connect_error', (error) => console.log(error.data)) // a problem
socket.on('tip:received', (data, meta) => console.log(data, meta))

const answer = await socket.timeout(10_000).emitWithAck('wallet:me', {})
if (answer.ok) console.log(answer.data)
else console.log(answer.problem.code)`

/** What to know before the first command. */
export function Start({ problem }: { problem: Schema }) {
  return html`
    <article class="card">
      <h1>Connect</h1>
      <p>Socket.IO 4, websocket transport only. The namespace <code>/</code> takes the <code>access_token</code> that signing in answers; <code>/overlay</code> takes an overlay’s token.</p>
      <figure><figcaption>From a page or a program</figcaption><pre tabindex="0">${connect}</pre></figure>
      <ul class="points">
        <li>A <strong>command</strong> is acknowledged with <code>${'{ ok: true, data }'}</code> or <code>${'{ ok: false, problem }'}</code>. Without an acknowledgement nobody knows what was done: send it again with the same <code>key</code>.</li>
        <li>A <strong>fact</strong> comes as <code>(data, meta)</code>. It may come twice: <code>meta.event_id</code> tells.</li>
        <li>Amounts are whole minor units. Unknown fields are refused. A message is at most 64 KiB.</li>
        <li>The connection ends with the access token: refresh over HTTP and connect again.</li>
      </ul>
      <h2>Problem</h2>
      <p>RFC 9457, the same over HTTP. Decide by <code>code</code>.</p>
      <${Fields} schema=${problem} caption="Fields of a problem" none="Nothing." />
    </article>
  `
}
