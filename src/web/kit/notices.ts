import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { User } from '../../features/accounts/contract.ts'
import { hrefOf } from './route.ts'

interface Notice {
  conversation_id: string
  message_id: string
  title: string
  text: string
  href: string
}

const maxShown = 3
/** what it says is in the list of conversations as well: it must not lie over the page for good */
const shownMs = 10_000

/** Somebody names you, or a reminder is due, while you look elsewhere: a word of it, and the way there. */
export function Notices({ client, user, open }: { client: Client; user: User; open: string | undefined }) {
  const [notices, setNotices] = useState<readonly Notice[]>([])
  // Whoever opens the conversation sees it there.
  useEffect(() => setNotices((before) => before.filter((each) => each.conversation_id !== open)), [open])
  useEffect(() => {
    const tell = (title: string) => ({ conversation_id, message_id, seq, text }: { conversation_id: string; message_id: string; seq: number; text: string }): void => {
      if (conversation_id === open && !document.hidden) return
      setNotices((before) => [...before.filter((each) => each.message_id !== message_id), { conversation_id, message_id, title, text, href: hrefOf('chat', conversation_id, String(seq)) }].slice(-maxShown))
    }
    const stops = [
      client.on('message:mentioned', (fact) => tell(`${fact.sender_name} names you`)(fact)),
      client.on('reminder:due', (fact) => tell(fact.sender_id === user.id ? 'Your reminder' : `${fact.sender_name} reminds you`)(fact)),
    ]
    return () => stops.forEach((stop) => stop())
  }, [client, user.id, open])
  const newest = notices.at(-1)?.message_id
  useEffect(() => {
    const timer = setTimeout(() => setNotices([]), shownMs)
    return () => clearTimeout(timer)
  }, [newest])
  const drop = (id: string): void => setNotices((before) => before.filter((each) => each.message_id !== id))
  return html`
    <div class="notices" role="status">${notices.map((each) => html`
      <p key=${each.message_id} class="card notice"><a href=${each.href} onClick=${() => drop(each.message_id)}><strong>${each.title}</strong><span class="clip">${each.text}</span></a>
        <button type="button" class="quiet" aria-label="Dismiss" onClick=${() => drop(each.message_id)}>✕</button></p>`)}</div>
  `
}
