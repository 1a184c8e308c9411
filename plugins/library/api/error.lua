--- halua.Error: the error objects of the API.
return {
  noun = "error", group = "about", title = "Errors",
  text = [[
    A function that can fail returns `nil` and an error object. `tostring(err)` is one line, and `..` joins an error
    to a text. `assert` raises the object as it is: a check that ends so has failed, with that line as its reason.

    A wrong argument is a mistake in the script. It raises a string with file and line, not an error object.
  ]],
  classes = {
    { name = "halua.Error", text = "Why something could not be done. Not the script's fault.",
      fields = {
        { name = "kind", type = "halua.ErrorKind", text = "What sort of error, for decisions." },
        { name = "message", type = "string", text = "The whole story in words." },
        { name = "code", type = "integer?", text = "The number by which a mail server said no: 550." },
        { name = "where", type = "string", text = "The line of the script that made the call: `mycat.lua:41`." },
      } },
  },
  aliases = {
    { name = "halua.ErrorKind",
      type = '"timeout"|"refused"|"unreachable"|"reset"|"closed"|"dns"|"auth"|"protocol"|"denied"|"cancelled"',
      text = [[
        `timeout`: the time was over. `refused`: the other side said no to a connection. `unreachable`: there is no way
        there. `reset`: the other side broke it off. `closed`: it was ended, by the other side or by this one. `dns`:
        the name is not known. `auth`: a certificate or a login is not believed. `protocol`: what came is not what was
        agreed on, or too much. `denied`: this host or the other one does not allow it, or something is missing here.
        `cancelled`: the task was ended.
      ]] },
  },
}
