"""Rally's hooks, which act beside a load: a trigger says when (`trigger`), an action says what (`action`).

`hooks` runs them. Nothing is imported here: a load process needs only the triggers; actions need SSH and a database.
"""
