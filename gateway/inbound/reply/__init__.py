"""In charge of: telling a reply from what stands below it: lines, cues, words, roles.

Not in charge of: the way in (`inbound.replies.split_reply`) and the lines of HTML (`inbound.html_text`).
"""
