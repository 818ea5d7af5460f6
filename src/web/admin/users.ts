import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { AdminUser } from '../../features/accounts/contract.ts'
import type { Role } from '../../kernel/context.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, valuesOf, When } from '../kit/parts.ts'

const typingMs = 200
const roles: Role[] = ['fan', 'creator', 'admin']

export function UsersView({ client, user: me }: ViewProps) {
  const [typed, setTyped] = useState('')
  const [term, setTerm] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setTerm(typed.trim()), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  const users = useList((cursor) => client.call('user:list', { limit: 50, ...(term ? { q: term } : {}), ...(cursor ? { cursor } : {}) }), [term])
  const replace = (changed: AdminUser): void => users.change((all) => all.map((each) => (each.id === changed.id ? changed : each)))
  const suspend = useAction(async (user_id: string, reason: string) => replace(await client.call('user:suspend', { user_id, reason })))
  const restore = useAction(async (user_id: string) => replace(await client.call('user:restore', { user_id })))
  const setRole = useAction(async (user_id: string, role: Role) => replace(await client.call('user:set-role', { user_id, role })))

  return html`
    <section class="card wide" aria-labelledby="users-title">
      <h1 id="users-title">Users</h1>
      <label>Name or email address <input type="search" maxlength="100" value=${typed} onInput=${(event: InputEvent) => setTyped((event.currentTarget as HTMLInputElement).value)} /></label>
      ${[suspend.error, restore.error, setRole.error].filter(Boolean).map((text) => html`<${Trouble} key=${text} text=${text} />`)}
      <${List} of=${users} empty="Nobody by that name.">${(each: AdminUser) => html`
        <li key=${each.id}>
          <span><strong>${each.full_name}</strong> <span class="chip">${each.role}</span> ${each.status !== 'active' && html`<span class="chip bad">${each.status}</span>`}<br /><span class="soft">${each.email} · since <${When} at=${each.created_at} /></span></span>
          ${each.id !== me.id && html`
            <span class="row">
              <label class="inline">Role <select disabled=${setRole.busy} value=${each.role} onChange=${(event: Event) => setRole.run(each.id, (event.currentTarget as HTMLSelectElement).value as Role)}>${roles.map((role) => html`<option key=${role}>${role}</option>`)}</select></label>
              ${each.status === 'suspended'
                ? html`<button type="button" class="plain" disabled=${restore.busy} onClick=${() => restore.run(each.id)}>Restore<span class="hidden"> ${each.full_name}</span></button>`
                : html`<details><summary>Suspend<span class="hidden"> ${each.full_name}</span></summary><form onSubmit=${(event: Event) => suspend.run(each.id, valuesOf(event)['reason'] ?? '')}><label>Reason <input name="reason" required maxlength="200" /></label><button class="danger" disabled=${suspend.busy}>Suspend now</button></form></details>`}
            </span>`}
        </li>`}<//>
    </section>
  `
}
