// A bot on Koishi's OneBot adapter. What all these bots do is in drive.py.

const { Context, Universal, h } = require('koishi')
const { HTTP } = require('@koishijs/plugin-http')
const { Server } = require('@koishijs/plugin-server')
const { default: OneBot } = require('koishi-plugin-adapter-onebot')

const { TRANSPORT, SERVER, PORT, TOKEN } = process.env

function report(what) {
  console.log('bot> ' + JSON.stringify(what))
}

const protocols = {
  'forward-ws': { protocol: 'ws', endpoint: SERVER },
  'reverse-ws': { protocol: 'ws-reverse', path: '/onebot' },
  // No secret: this client signs its own rendering of the event, without the line break that go-cqhttp signs.
  http: { protocol: 'http', path: '/onebot', endpoint: SERVER },
}

const app = new Context()
app.plugin(HTTP)
app.plugin(Server, { host: '127.0.0.1', port: Number(PORT), maxPort: Number(PORT) })
// The adapter looks for what was posted in another place than where this server of Koishi's puts it.
app.inject(['server'], ({ server }) => server.use((exchange, next) => {
  exchange.body = exchange.request.body
  return next()
}))
app.plugin(OneBot, { selfId: '10010', token: TOKEN, ...protocols[TRANSPORT] })

app.on('bot-status-updated', ({ platform, selfId, status }) => {
  if (platform === 'onebot' && status === Universal.Status.ONLINE) report({ connected: selfId })
})

app.on('message', async (session) => {
  const text = h.select(session.elements, 'text').map((element) => element.attrs.content).join('')
  if (session.isDirect) {
    return session.send('heard: ' + text)
  }
  const [face] = h.select(session.elements, 'face')
  report({ text, face: face.attrs.id, user: session.userId, group: session.guildId })
  report({ card: session.event.member.nick, role: session.event.member.roles[0].id })
  const { bot, guildId: group } = session

  const [sent] = await session.send([h.text('pong, a[1]&'), h('face', { id: 6 })])
  const read = await bot.getMessage(group, sent)
  report({ read_back: h.select(read.elements, 'text').map((element) => element.attrs.content).join('').trim() })
  await bot.internal.sendGroupMsg(group, 'code [CQ:at,qq=10086] &#91;2&#93;')
  await bot.internal.sendGroupMsg(group, '[CQ:face,id=1]', true)

  report({ login: await bot.internal.getLoginInfo() })
  const members = await bot.internal.getGroupMemberList(group)
  report({ members: Object.fromEntries(members.map((member) => [member.user_id, member.role])) })
  const users = ['1', '10010', '10086', '3000000000']
  const infos = await Promise.all(users.map((user) => bot.getGuildMember(group, user)))
  report({ in_order: infos.map((info) => info.user.id) })
  await bot.muteGuildMember(group, '3000000000', 60_000)
  await bot.kickGuildMember(group, '1').catch((error) => report({ refused: error.code, why: error.message }))
  report({ done: true })
})

app.on('guild-member', (session) => {
  const { user_id, operator_id, duration } = session.onebot
  report({ banned: String(user_id), by: String(operator_id), seconds: duration })
})

app.start()
