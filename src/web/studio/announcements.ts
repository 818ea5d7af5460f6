import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Announcement, CreateAnnouncement } from '../../features/announcements/contract.ts'
import type { Follower, OwnCreator } from '../../features/profiles/contract.ts'
import { newKey } from '../../client/index.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Confirm, Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'
import { Said } from '../kit/words.ts'

const statuses: Record<Announcement['status'], string> = { queued: 'waiting', sending: 'on its way', done: 'done', cancelled: 'stopped' }

/** Words to many, each in their own conversation: written, followed on their way, looked up later. */
export function AnnouncementsView(props: ViewProps) {
  const { client } = props
  const history = useList((cursor) => client.call('announcement:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  const put = (row: Announcement): void => history.change((all) => (all.some((each) => each.announcement_id === row.announcement_id) ? all.map((each) => (each.announcement_id === row.announcement_id && each.version <= row.version ? row : each)) : [row, ...all]))
  useEffect(() => {
    const stops = [client.on('announcement:updated', put), client.on('session:resync', history.reload), client.on('session:ready', history.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const cancel = useAction(async (announcement_id: string) => put(await client.call('announcement:cancel', { announcement_id })))
  return html`
    <${Compose} ...${props} onMade=${put} />
    <section class="card wide" aria-labelledby="history-title">
      <h2 id="history-title">Announced so far</h2>
      <${List} of=${history} empty="Nothing yet. What you announce appears here, with how far it is.">${(each: Announcement) => html`
        <li key=${each.announcement_id} class="stacked"><${Progress} row=${each} />
          ${(each.status === 'queued' || each.status === 'sending') && html`<p><button type="button" class="plain" disabled=${cancel.busy} onClick=${() => cancel.run(each.announcement_id)}>Stop it</button></p>`}</li>`}<//>
      ${cancel.error && html`<${Trouble} text=${cancel.error} />`}
    </section>
  `
}

function Progress({ row }: { row: Announcement }) {
  const { text, status, total, sent, skipped, failed, created_at } = row
  const past = sent + skipped + failed
  return html`
    <p class="text">${text}</p>
    <p class="soft"><span class=${status === 'done' ? 'chip on' : 'chip'}>${statuses[status]}</span> <${When} at=${created_at} /> · ${sent} of ${total} reached${skipped > 0 && ` · ${skipped} don’t want it or can’t be reached`}${failed > 0 && ` · ${failed} failed`}</p>
    ${status === 'sending' && html`<progress max=${Math.max(1, total)} value=${past} aria-label="How far it is">${past} of ${total}</progress>`}
  `
}

function Compose({ client, onMade }: ViewProps & { onMade: (row: Announcement) => void }) {
  const profile = useLoaded(() => client.call('creator:me', {}), [])
  const [audience, setAudience] = useState<CreateAnnouncement['audience']>('followers')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState('')
  const [said, setSaid] = useState('')
  const form = useRef<HTMLFormElement>(null)
  // One key for one text: pressed again after a lost answer, it is the same announcement.
  const key = useRef(newKey())
  const send = useAction(async (text: string) => {
    onMade(await client.call('announcement:create', { audience, text, ...(audience === 'list' ? { user_ids: [...chosen] } : {}) }, { key: key.current }))
    key.current = newKey()
    form.current?.reset()
    setSaid('It is on its way.')
  })
  const ask = useAction(async (text: string) => {
    if (text === '') throw new Said('Write something first.')
    if (audience === 'list' && chosen.size === 0) throw new Said('Choose at least one person.')
    setAsking(text)
  })
  const change = (): void => {
    key.current = newKey()
    setSaid('')
  }
  return html`
    <section class="card" aria-labelledby="compose-title">
      <h1 id="compose-title">Announcements</h1>
      <p class="soft">Everybody gets it as a message from you, and can answer to you alone.</p>
      <${Show} of=${profile}>${({ followers }: OwnCreator) => html`
        <form ref=${form} onInput=${change} onSubmit=${(event: Event) => ask.run(valuesOf(event)['text'] ?? '')}>
          <fieldset><legend>To whom</legend>
            <label class="check"><input type="radio" name="audience" checked=${audience === 'followers'} onChange=${() => setAudience('followers')} /> All who follow you (${followers})</label>
            <label class="check"><input type="radio" name="audience" checked=${audience === 'members'} onChange=${() => setAudience('members')} /> Your members</label>
            <label class="check"><input type="radio" name="audience" checked=${audience === 'all'} onChange=${() => setAudience('all')} /> Everybody: they, and all whom you talk with</label>
            <label class="check"><input type="radio" name="audience" checked=${audience === 'list'} onChange=${() => setAudience('list')} /> Some of them${audience === 'list' && ` (${chosen.size} chosen)`}</label>
            ${audience === 'list' && html`<${People} client=${client} creatorId=${profile.value?.id ?? ''} chosen=${chosen} onChoose=${setChosen} />`}
          </fieldset>
          <label>Your words <textarea name="text" rows="4" required maxlength="2000"></textarea></label>
          ${(ask.error || send.error) && html`<${Trouble} text=${ask.error || send.error} />`}
          <p class="good" role="status">${said}</p>
          <button disabled=${send.busy || (audience === 'followers' && followers === 0)}>Announce</button>
          ${audience === 'followers' && followers === 0 && html`<p class="soft">Nobody follows you yet.</p>`}
        </form>
        ${asking && html`<${Confirm} question="Announce this?" detail=${`It goes to ${whom(audience, audience === 'list' ? chosen.size : followers)}. What has arrived can’t be called back for all at once.`} yes="Announce it"
          onYes=${() => {
            send.run(asking)
            setAsking('')
          }} onNo=${() => setAsking('')} />`}`}<//>
    </section>
  `
}

function People({ client, creatorId, chosen, onChoose }: { client: ViewProps['client']; creatorId: string; chosen: ReadonlySet<string>; onChoose: (chosen: ReadonlySet<string>) => void }) {
  const followers = useList((cursor) => client.call('follower:list', { creator_id: creatorId, limit: 50, ...(cursor ? { cursor } : {}) }), [creatorId])
  const toggle = (userId: string): void => {
    const next = new Set(chosen)
    if (!next.delete(userId)) next.add(userId)
    onChoose(next)
  }
  return html`<${List} of=${followers} empty="Nobody follows you yet.">${(each: Follower) => html`<li key=${each.user_id}><label class="check"><input type="checkbox" checked=${chosen.has(each.user_id)} onChange=${() => toggle(each.user_id)} /> ${each.name}</label></li>`}<//>`
}

function whom(audience: CreateAnnouncement['audience'], count: number): string {
  const people = `${count} ${count === 1 ? 'person' : 'people'}`
  if (audience === 'members') return 'all who are members now'
  return audience === 'all' ? `all who follow you (${people}) and all whom you talk with` : people
}
