"""Who wants to know of a directory's changes.

following      follow the changes of trees that have listeners
registry       the directories that are watched, and what is stored of them
subscriptions  what one client subscribed to
triggers       commands that run after a change
watch          a directory that is watched, with its listeners and states
"""
