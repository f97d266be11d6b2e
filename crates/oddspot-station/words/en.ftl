# The words of all pages in English. A file of another language beside it has the same keys, with the same gaps.

## How the language writes numbers and times; times as strftime has them.

language-name = English
decimal-mark = .
day-and-time = %Y-%m-%d %H:%M:%S
time-of-day = %H:%M:%S
percent = { $number } %

## All pages

skip = Skip to the content
stations = Stations
pages = Pages
people-label = People
new-station = New station
overview = All lines
overview-paused = paused
overview-no-model = no model: nothing can be judged
overview-missed = { $images ->
    [one] 1 image of today was not judged
   *[other] { $images } images of today were not judged
}
overview-output = output { $name }: { $detail }
ago-now = just now
ago-minutes = { $count ->
    [one] 1 minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] 1 hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
}
line = Line
history = History
setup = Set-up
models = Models
verdict = Verdict
people = People
your-account = { $name }, { $role }: your account
sign-out = Sign out
connection-lost = The connection to the service is lost: what is shown here may be old. It is tried again.
for-programs = description for programs
metrics = metrics
language = Language

## Keys

keys = Keyboard
keys-on = Keys are on
keys-close = Close
keys-help = this help
keys-line = the line
keys-history = the history
keys-setup = the set-up
keys-models = the models
keys-verdict = the verdict
keys-wrong = “This was wrong” for the last part, or undo
keys-odd = show what is odd, or not
keys-search = search for a part
keys-drawing = On the image of the set-up
keys-arrows = move the cross, or the corner that is held; with Shift in large steps
keys-enter = set a corner; on the first corner, close the region
keys-corner = hold the next corner of the regions, to move it; N and P go on and back
keys-escape = let go of the corner, or end the region
keys-delete = remove the corner that is held, or the last one that was set

## Verdicts, labels, roles

verdict-good = good
verdict-check = check
verdict-anomalous = anomalous
verdict-untrusted = untrusted
label-good = really good
label-bad = really bad
label-none = none
label-keep = Keep defect and note
label-note = Note
defect = Defect
labelled-good = labelled good
labelled-bad = labelled bad
role-operator = operator
role-engineer = engineer
role-admin = admin
role-machine = machine
role-reader = reader

## Why an image is not good

looks-wrong = looks wrong ({ $share })
wrong-place = in the wrong place ({ $share })
looks-wrong-and-wrong-place = { $looks } and { $place }
unaligned = could not be aligned (its edges agree with good images' by { $agreement } alone): look at it yourself
beyond = { $words } ({ $measure } { $value }, good images { $least } to { $most })
relation-above = above { $threshold }
relation-between = between { $check } and { $threshold }
relation-below = not above { $check }
relation-untrusted = { $relation }, but not to be trusted
side-unusual = unusual here
side-looks-wrong = looks wrong
side-wrong-place = in the wrong place
sheet-image = image
sheet-total = total
sheet-threshold = threshold

health-sound = Light, focus and colours are as in good images.
health-beyond = The image is { $words }.
measure-light = light
measure-brightness = brightness
measure-contrast = contrast
measure-black = black
measure-burnt_out = burnt out
measure-focus = focus
measure-noise = noise
measure-colour = colour
measure-red_cast = red cast
measure-blue_cast = blue cast
measure-right = right
measure-down = down
measure-larger = larger
measure-turned = turned
measure-unlike = unlike
below-light = darker than any good image: check the lamp and the exposure
above-light = brighter than any good image: check the lamp and the exposure
below-contrast = flatter than any good image: check the lens, the lamp and the exposure
above-contrast = of more contrast than any good image: check the lamp and the exposure
above-black = black over a larger area than any good image: check the lamp and the exposure
above-burnt_out = burnt out over a larger area than any good image: check the lamp and the exposure
below-focus = less sharp than any good image: check the focus and the lens
above-focus = sharper or noisier than any good image: check the gain of the camera
above-noise = noisier than any good image: check the gain of the camera, and whether it was saved otherwise
below-colour = less colourful than any good image: check whether the camera gives grey images
above-colour = more colourful than any good image: check whether the camera gives coloured images
below-red_cast = less red than any good image: check the lamp and the white balance
above-red_cast = redder than any good image: check the lamp and the white balance
below-blue_cast = less blue than any good image: check the lamp and the white balance
above-blue_cast = bluer than any good image: check the lamp and the white balance
below-right = farther to the left than any good image: check the holder and the camera
above-right = farther to the right than any good image: check the holder and the camera
below-down = higher up than any good image: check the holder and the camera
above-down = lower down than any good image: check the holder and the camera
below-larger = smaller than any good image: check the distance and the lens
above-larger = larger than any good image: check the distance and the lens
below-turned = turned anticlockwise against all good images: check the holder and the camera
above-turned = turned clockwise against all good images: check the holder and the camera
above-unlike = unlike any good image nearly everywhere: check that it is the right part, in its place and in focus

## The line

paused = This station is paused: images that are sent are refused, and files of its folder wait.
resume = Resume
trouble-model = Station { $station } has no model: { $model }, which judged last, cannot be used any more. Bring its file again, or activate another, under Models.
keeping-room = the disk of the data folder is nearly full, { $free } of { $total } are free: make room on it, or say under [keep] of the configuration which images may go
keeping-beyond = station { $station } has { $has } of images, more than the { $bound } of keep.gigabytes: all that may go is gone, for what is not good, is labelled, or was learned from is never removed, nor are the newest parts; give it more gigabytes
folder-away = { $folder } cannot be read ({ $detail }): it is tried again until it can
camera-silent = no image for { $length ->
    [one] 1 second
   *[other] { $length } seconds
}: is the camera on, and what brings its images? (limits.silence)
camera-silent-minutes = no image for { $length ->
    [one] 1 minute
   *[other] { $length } minutes
}: is the camera on, and what brings its images? (limits.silence)
camera-stuck = { $images } or more images in a row have the very same pixels: the camera, or what brings its images, may be stuck. They are untrusted until another picture comes (limits.repeats)
image-repeats = the very same picture as { $before ->
    [one] the one before it
   *[other] the { $before } before it
}: the camera, or what brings its images, may be stuck
storing-fails = nothing can be kept, so nothing is judged: { $why }
folder-links = { $links ->
    [one] { $name } is a symbolic link, which is not followed: put the file or folder itself there
   *[other] { $links } symbolic links, as { $name }, are not followed: put the files or folders themselves there
}
folder-linked = { $folder } lies behind a symbolic link, which is not followed: put a folder in its place
files-wait = { $files ->
    [one] { $name } waits: { $reason }
   *[other] { $files } files wait, as { $name }: { $reason }
}
missed-today = { $images ->
    [one] 1 image that came today was not judged:
   *[other] { $images } images that came today were not judged, the last ones:
}
missed-one = { $images ->
    [one] { $time }, { $name }: { $reason }
   *[other] { $time }, { $name }, the last of { $images }: { $reason }
}
missed-unnamed = without a name
missed-queue-full = more images came than could wait
missed-receiving = too many images were being received
missed-too-fast = more images came in a second than limits.requests of the configuration lets in
missed-no-model = the station had no model
missed-paused = the station was paused
missed-too-large = it is larger than limits.body of the configuration lets in
missed-no-room = there was no room left on the disk
missed-slow = it did not come whole in time
missed-broken = its connection ended before it had come whole
missed-ending = the service was about to end
missed-other = { $detail }
today = { $verdict } today
waiting = waiting
folder = folder
output = output { $name }
output-ok = ok
output-waits = ok, { $waiting ->
    [one] 1 waits
   *[other] { $waiting } wait
}
output-fails = { $detail }
output-fails-and-waits = { $waiting ->
    [one] 1 waits
   *[other] { $waiting } wait
} since { $since }: { $detail }
model = model
no-model = none: nothing can be judged
last-part = The last part
score = score { $score }
score-and-relation = score { $score }, { $relation }
show-odd = show what is odd
called-wrong-undo = Called wrong – undo
this-was-wrong = This was wrong
sheet = sheet with the maps
details = all of it, to print
last-parts = The last parts
no-image = No image has come yet
paused-nothing = Nothing is judged until it is resumed.
send-with-token = A program sends one with a token that an admin makes on the page People:
send-one = A program of this machine sends one so:
send-here = Send an image from this page
send-images = Send images
send-images-note = They are judged as those of the line are: their verdicts stand in the history, and go to the outputs. Drop them here, or choose them:
sent-to-judge = { $sent } of { $total } sent, { $refused } refused
or-folder = Or write one into the folder { $folder }: it is judged when it is closed or renamed.
how-folder = To judge what a camera writes into a folder, start the service with --folder IN, or name it as folder in the configuration.
no-model-yet = This station has no model yet, so that nothing can be judged.
give-good-images = Give it images of good parts, and make one of them in seconds
engineer-makes = An engineer makes one from images of good parts.
picture-of = { $name }, { $verdict }

## The history

station = Station
all = all
label = Label
part = Part
from = From
until = Until
order = Order
newest-first = newest first
highest-first = highest score first
show = Show
history-wrong = { $detail }
scores = Scores
chart-note = Each dot is a part, one step after the one before, whatever the time between them: below are the times of the first and the last. An arrow is a part whose score lies above the chart. Lines are the thresholds: above the upper one it is anomalous, above the lower one to be checked. Dashed lines mark another model.
chart-label = { $parts ->
    [one] Score of 1 part
   *[other] Scores of { $parts } parts, the oldest first
}
chart-dot = { $verdict }, score { $score }
rates = Verdicts over time
written-hour = %Y-%m-%d %H:%M
written-day = %Y-%m-%d
written-month = %Y-%m
rate-hour = Each bar is an hour.
rate-day = Each bar is a day.
rate-month = Each bar is a month.
rate-note = It shows which share of its parts were anomalous, to be checked or untrusted; the rest were good. Dashed lines mark another model.
rate-any-verdict = Parts of all verdicts count.
rate-newest = Only the newest { $parts } parts count.
rate-label = { $parts ->
    [one] Verdict on 1 part
   *[other] Verdicts on { $parts } parts over time
}: { $shares }. The table below has the numbers.
rate-share = { $verdict } { $share }
rate-bar = { $when }, { $parts ->
    [one] 1 part
   *[other] { $parts } parts
}: { $shares }
rate-table = These numbers as a table
counted-share = { $counted } ({ $share })
parts = Parts
image-removed = Its image was removed on { $when }.
trouble-keeping = Kept images: { $detail }.
none-of-these = There are none of these.
export = As a table or as lines:
csv = CSV
json-lines = JSON lines
more = More
undo = undo
image = Image
when = When
reason = Reason

## One inspection

inspection = Part { $name }
score-of = Score
thresholds = Thresholds
threshold-check = { $threshold } (check above { $check })
latency = Judged within
milliseconds = { $number } ms
size = Size
pixels = { $width } × { $height } pixels
places = Odd places
place-number = Place
place-at = Column and row
place-size = Columns and rows
place-score = Highest score
image-health = Light, focus, colours
id = Inspection
image-alone = the image alone
as-it-came = file as it came
to-line = Back to the line
print = Print
came-by = Came by
by-http = request
by-page = page, sent by { $who }
sent-by = sent by { $who }
by-folder = folder, as { $file }
labelled-by = { $label }, by { $who }

## Set-up

setup-of = Set-up of { $station }
good-images = 1. Good images
good-images-note = Images of good parts alone, taken as the line will take them: the same camera, place, light and side up. Fifty are a start, some hundreds are better.
sending = { $sent } of { $total } sent, { $same } of them there already, { $refused } refused
not-anew = The page could not be brought up to date:
drop = Drop images or a folder here, or choose them:
images = Images
a-folder = A folder
images-sent = Images that are sent
stop = Stop
from-history = From the history
from-history-count = { $parts ->
    [one] 1 part that is labelled or judged good
   *[other] { $parts } parts that are labelled or judged good
}
from-history-note = What is judged good need not be: choose what you have looked at.
judged-good = judged good
take-chosen = Take the chosen ones as good images
good-count = { $total ->
    [one] good image
   *[other] good images
}
good-left-out = , { $count } of them left out
good-shown = ; shown are { $from } to { $to }, the newest first
take-in = take in again
leave-out = leave out
leave-out-name = leave out { $name }
remove-name = remove { $name }
remove = remove
newer = newer
older = older
good-by-upload = sent
good-by-history = from the history
inspected = 2. What is inspected
regions-other = The active model was trained with other regions than these: they hold from the next training on.
regions-unknown = The active model was not trained here: whether it goes by these regions is not known. They hold from the next training on.
regions-none = All of the image. Once there is a good image, regions can be drawn on it.
regions-note = All of the image, unless you draw what is to be inspected, or what is to be ignored: a background, a date, a clamp. It holds from the next training on.
regions-kept = Kept. It holds from the next training on.
region-inspected = Inspected region { $n }, { $points } corners
region-ignored = Ignored region { $n }, { $points } corners
region-drawn = Corners so far: { $points }
region-held = Corner { $point } of region { $n } is held
region-changed = Not kept yet
drawing = Drawing
draw = Draw
inspect = inspect
ignore = ignore
region-close = Close the region
region-undo = Undo
region-keep = Keep the regions
on-image = On image
by-keyboard = By keyboard
by-keyboard-note = On the image: arrows move the cross, with Shift in large steps. Space or Enter sets a corner, Enter on the first corner or C closes the region. N and P hold a corner of the regions: arrows move it then, Delete removes it, Escape lets it go. Without one that is held, Delete or Backspace takes the last corner back, and Escape ends the region that is being drawn.
canvas = Image to draw regions on
model-step = 3. A model
found-step = 4. What should perhaps not be among the good images
around-step = 5. Where images come from, and results go
by-requests = requests
outputs = outputs
no-folder = none
no-outputs = none: results are in the history alone
files-stay = judged files stay
files-move = judged files go to done in it, unusable ones to failed
output-files = a file a day in { $folder }
output-webhook = requests to { $server }
output-mqtt = { $broker }, site { $site }
output-modbus = Modbus TCP, unit { $unit }
kept-images = kept
kept-all = all images
kept-newest = the { $good } newest good images, and one of { $one-of } older ones
kept-days = good images for { $days } days
kept-gigabytes = { $gigabytes } GB of images at most
kept-rows = rows of good parts for { $days } days
around-in-file = This is set in { $file }. Change it there, and start the service again: no page opens folders or addresses of this machine.
around-add-to-file = This is set in { $file }, where the station is not named yet. Add it, and start the service again: no page opens folders or addresses of this machine.
around-by-options = This was given as options at the start of the service. A file has more: oddspot serve --config serve.toml.
around-none = A folder and outputs stand in a file of the configuration, for no page opens folders or addresses of this machine: oddspot serve --config serve.toml, with for example
rename-station = Give it this name
rename-note = All that it has goes along. The name stands in addresses: programs that send images, and pages that are open, need the new one.
remove-station = Take it away
remove-station-question = Take the station { $station } away? It is at work no more. What it judged, its images and models stay, under History. Tokens for it alone, and a training that was broken off, go. Made again by the same name, it has all of that again.

## Jobs

job-instant = Instant model
job-default = Full training
job-audit = Look through the good images
jobs-ready = The instant model takes seconds. The full training makes the same model first, and takes minutes to hours for the better one; the line is judged meanwhile.
jobs-not-ready = A model needs two good images at least.
job-waiting = waiting
job-running = running
job-done = done
job-failed = failed
job-cancelled = cancelled
job-interrupted = interrupted
job-asked = job { $id } · asked for at { $at }
how-far = How far it is
cancel = Cancel
try-again = Try again
go-on = Go on
loss-note = The loss of its training, step by step.
loss-label = The loss: { $first } after step { $from }, { $last } after step { $to }
loss-step = step { $step }
stage-checks = checks images: { $done } of { $total }
stage-prepares = prepares images: { $done } of { $total }
stage-fits = learns what is usual
stage-trains = trains: step { $done } of { $total }
stage-fold = trains without some of the images ({ $fold } of { $folds }): step { $done } of { $total }
stage-scores = scores good images: { $done } of { $total }
stage-looks = looks through the good images: { $done } of { $total }
outcome-judges = Model { $model } was made, and judges since { $at }.
outcome-made = Model { $model } was made: activate it under Models.
outcome-looked = { $images ->
    [one] 1 good image was
   *[other] { $images } good images were
} looked through: { $suspicious } suspicious, { $groups } { $groups ->
    [one] group
   *[other] groups
} of the same.
outcome-failed = It could not be done: { $detail }
outcome-cancelled = Somebody cancelled it.
outcome-interrupted = The service ended while it was at work.
job-extend = Learn more good images
job-calibrate = Set the thresholds anew
job-compare = Comparison of two models
job-labels = Labelled parts judged anew
job-verify = A model verified
extend-when = When good parts look a little different than before: adds the good images that came since to what the active model knows. Takes seconds. What it did not know is good from then on.
calibrate-when = When too many good parts are stopped, or bad ones pass: leaves what the active model knows, and sets its thresholds by good images that it has not learned from. Parts that are labelled bad say how many are missed.
changed-note = Both make a new model. It judges once it is activated under Models; look there first what it would have said.
insist = Do it all the same
stage-judges = judges images: { $done } of { $total }
outcome-extended = { $images ->
    [one] 1 good image was
   *[other] { $images } good images were
} added; { $known } it knew already, or were there twice.
outcome-calibrated = Thresholds { $now }, before { $before }. Of the good images { $alarms } are anomalous; of the parts labelled bad { $misses } are missed.
counted-of = { $counted } of { $of }
outcome-judged = { $parts ->
    [one] 1 labelled part was
   *[other] { $parts } labelled parts were
} judged anew.
outcome-not-judged = { $parts ->
    [one] 1 could
   *[other] { $parts } could
} not be: { $detail }.
outcome-verified = Model { $model } judges on this machine as when it was made: { $own ->
    [one] a good image of its own has the same score
   *[other] { $own } good images of its own have the same scores
}.
outcome-verified-parts = { $same ->
    [one] 1 labelled part has
   *[other] { $same } labelled parts have
} the score that the model gave before. Of the parts labelled good { $alarms } are stopped; of those labelled bad { $misses } are missed.
outcome-doubt = Look at it: { $detail }.
outcome-refused = It was not done, and nothing was changed: { $detail }. Leave out what is not good. If all of it is meant so, do it all the same.

## What was found among good images

looked-through = { $images ->
    [one] 1 image was
   *[other] { $images } images were
} looked through at { $at }.
nothing-stands-out = Nothing stands out.
found-bad = Labelled bad in the history: nothing was learned from them
found-bad-note = take back the label under History if it is good
suspicious = Suspicious
twice = Twice: { $what }
same-pixels = the same pixels
same-part = the same part, or nearly the same picture
not-looked-through = The images were not looked through yet. Making a model does it too.
odd-for-place = odd for its place among the others
odd-far = far odder than all others
odd-at = { $odd }, at column { $column } and row { $row }
unlike-size = of another size: most are { $usual }
unlike-aspect = of another shape: width over height is { $usual } in the others
unlike-depth = of another depth: most have { $usual } bits
unlike-grey = grey, where most are in colour
unlike-coloured = in colour, where most are grey
unlike-brighter = much brighter: { $own } of 255 in the mean, the others { $usual }
unlike-darker = much darker: { $own } of 255 in the mean, the others { $usual }
unlike-colour = of another colour: red/green/blue { $own } in the mean, the others { $usual }

## Models

models-of = Models of { $station }
configured-active = The configuration names the active model. If you activate another here, that one holds after a restart too, until the file { $file } is replaced by another.
configured-other = The configuration names the file { $file }, which has model { $named }, and { $active } was activated here: it holds after a restart too, until that file is replaced by another.
roll-back = Roll back to { $model }
resume-station = Resume the station
pause-station = Pause the station
bring-model = Bring a model
no-model-there = There is no model yet.
make-from-good = Make one from good images
or-bring = Or bring a file.
models-note = Before one becomes active it must score its own images as when it was made.
verify-title = Verify a model
verify-note = Holds a model against what it was when it was made, on this machine: after an update, a move to another machine, or when something is in doubt. Nothing is changed.
verify-labelled = Judge the labelled parts once more too
verify = Verify
verify-goes = judges: { $percent } %
verified-at = { $at }:
where-from = Where it comes from
good-images-of = Good images
anomalous-above = Anomalous above
check-above = To check above
last-activated = Last activated
never = never
active = active
regions = regions
activate = Activate
activate-name = Activate { $model }
what-it-judged = what it judged
origin-job = made by job { $job }
origin-some-job = made by a job
origin-file = { $file }, which the configuration names
origin-upload = { $file }, which was sent
origin-thresholds = { $model } with other thresholds
origin-other = another with other thresholds
origin-before = there before its origin was kept
a-file = a file
damaged = damaged
damaged-note = Its file is damaged or gone, so that it cannot be activated. Bring the same file again, and it can be.
damaged-active = Its file is damaged or gone. It judges on until the service ends, and not after that: bring the same file again.
origin-extended = { $model } with more good images, by job { $job }
origin-calibrated = { $model } with thresholds set anew by job { $job }
compare-title = Compare two models
compare-note = On the parts that are labelled in the history: what both miss, and what they stop for nothing. What one of them has not judged yet, it judges now.
compare-first = One model
compare-second = The other
compare = Compare
compare-goes = The labelled parts are judged: { $percent } %
compared-parts = { $parts ->
    [one] 1 labelled part is
   *[other] { $parts } labelled parts are
} compared, each image once.
compared-learned = { $parts ->
    [one] 1 does
   *[other] { $parts } do
} not count: one of the models learned from it.
compared-missing = { $parts ->
    [one] 1 does
   *[other] { $parts } do
} not count: one of the models has not judged it.
compared-alike = They say the same of all of them.
compared-differ = They differ on { $parts ->
    [one] 1 part
   *[other] { $parts } parts
}. On { $by-first } of them { $first } alone is right, on { $by-second } { $second } alone.

## The verdict

verdict-of = Verdict of { $station }
verdict-note = Scores of the { $own } good images that the model comes from, and of { $good } parts labelled good and { $bad } labelled bad.
set-labels = Labels are set under History
above-anomalous = anomalous above
above-check = to check above
anomalous-number = Anomalous above, as a number
check-number = To check above, as a number
save-thresholds = Save as a new model, and judge by it
back-to-active = Back to the active model's
data-set = good images and labelled parts as a data set
no-thresholds = There is no model yet, and so no thresholds.
histogram-label = Histograms of scores: { $rows }
histogram-own = The model's good images, each as if it had been left out
histogram-good = Labelled good
histogram-bad = Labelled bad
histogram-bar = { $count } from { $from } to { $to }
what-is = What is
above = Above
false-alarms = False alarms of labelled good parts
misses = Missed of labelled bad parts
own-images = The model's own good images
row-anomalous = anomalous
row-not-good = anomalous or to be checked
no-labelled-good = none is labelled good
no-labelled-bad = none is labelled bad
share = { $counted } of { $of }: { $share } ({ $low } to { $high })
expected = { $share } expected; { $above } of { $own } lie above
meant-note = In brackets: where the share lies, with 95 % confidence (Clopper–Pearson). Parts whose image cannot be trusted are stopped whatever the thresholds are.
meant-others = { $others ->
    [one] 1 labelled part was judged by a model with other scores, and does not count here.
   *[other] { $others } labelled parts were judged by models with other scores, and do not count here.
}
meant-learned = { $parts ->
    [one] 1 labelled part does not count: the model learned from its image.
   *[other] { $parts } labelled parts do not count: the model learned from their images.
}
anew-wanted = { $parts ->
    [one] 1 labelled part was
   *[other] { $parts } labelled parts were
} judged by other models.
anew-begins = Labelled parts are judged anew by this model.
anew-goes = Labelled parts are judged anew by this model: { $percent } %
judge-anew = Judge them by this model

## A new station

first-station = There is no station yet
another-station = A new station
what-station = A station is one view of one part: one camera, one place, one light. It learns from images of good parts alone.
name = Name
make-station = Make it, and go to its set-up
name-rule = Letters of a to z, digits, - and _. The name stands in addresses. An admin can change it later.
no-station = No station yet
no-station-note = An engineer or an admin makes one. What it judges is shown here then.

## People

people-and-machines = People and machines
no-users = There are no users. As long as that is so, whoever can use this machine may do everything, and no other machine can reach it. Once there is one, everybody must sign in. The first one is an admin: give yourself a name and a password.
role = Role
signed-in-last = Signed in last
added = Added
actions = Actions
you = you
must-change = must change the password first
role-of = Role of { $name }
change-your-password = Change your password
new-password = New password
remove-user = Remove the user { $name }? What { $name } did stays in the log.
remove-it = Remove
password = Password
add = Add
password-rule = At least 10 letters.
password-own = Whoever is added must choose an own one at the first time.
roles-note = Operators see what is judged and label it; engineers set stations up too; admins say who may do what.
a-new-password = A new password
must-change-note = It must be changed at the first time.
new-password-of = New password of
give-it = Give it
leave-it = Leave it
machines = Machines
machines-note = A program sends its token in the header Authorization, as Bearer and the token. Machines send images, and read what came of those; readers read what was judged, metrics and events.
token-of = This is the token of
token-once = Copy it now: it is not shown again.
copy = Copy
last-used = Last used
made = Made
remove-token = Remove the token { $name }? The program that has it is refused from then on.
make-token = Make a token
who-did-what = Who did what
nothing-done = Nothing was done yet.
who = Who
what = What
newest = Newest
by-token = token { $name }
by-terminal = somebody at the terminal
by-anyone = somebody
deed-signed_in = signed in
deed-sign_in_failed = failed to sign in as
deed-signed_out = signed out
deed-user_added = added the user
deed-user_role = changed the role of
deed-user_password = set the password of
deed-user_removed = removed the user
deed-token_added = made the token
deed-token_removed = removed the token
deed-station_made = made the station
deed-station_paused = paused the station
deed-station_resumed = resumed the station
deed-station_renamed = renamed the station
deed-station_removed = took away the station
deed-model_sent = brought a model to
deed-model_activated = activated a model of
deed-model_rolled_back = rolled back the model of
deed-model_verified = had a model verified of
deed-thresholds_saved = saved thresholds of
deed-regions_drawn = drew regions of
deed-job_started = started a job of
deed-job_cancelled = cancelled a job of
deed-good_added = added a good image to
deed-good_left_out = left out a good image of
deed-good_taken_in = took in again a good image of
deed-good_removed = removed a good image of
deed-image_sent = sent an image to
deed-labelled = labelled
deed-label_removed = took back the label of

## The account, and signing in

account = Your account
given-password = Your password was given to you by somebody else. Choose one that you alone know, and go on.
password-now = Password of now
the-same-again = The same again
password-hint = At least 10 letters. Several words are easy to keep in mind.
change-it = Change it
signed-out-elsewhere = You are signed out in all other browsers then.
password-differs = The new password was written in two ways.
password-same = The new password is the one of now.
password-now-wrong = The password of now is wrong.
sign-in = Sign in
forgotten = Who has forgotten the password asks an admin for a new one.
sign-in-wrong = The name or the password is wrong.
sign-in-busy = Too many sign in at a time. Try again in a moment.
sign-in-too-soon = That was wrong too often. Try again in { $seconds ->
    [one] a second
   *[other] { $seconds } seconds
}.

## While the history is away, and what cannot be shown

away = Away
away-title = What was judged cannot be shown now
away-note = Images that are sent are refused meanwhile, and files of folders wait. Nothing that was answered is lost. This page asks again every five seconds.
wrong-title = This cannot be shown
wrong-not-there = There is no such page, or what it showed is gone.
wrong-forbidden = You may not see this page with your role. An admin can change that.
wrong-address = Something in the address cannot be understood.
wrong-fault = Something went wrong in the service. Its log says what.
wrong-busy = There is too much to do now. Try again in a moment.
to-first-page = To the first page

## What scripts say

script-away = { $detail }
script-busy = { $detail }
script-failed = { $detail }
script-forbidden = { $detail }
script-invalid = { $detail }
script-lost = The service does not answer. Is it running, and does the network reach it?
script-missing = { $detail }
script-no-model = { $detail }
script-not-kept = not kept: { $detail }
script-sent = { $name } is sent and looked at
script-too-large = { $detail }
script-unknown = Sign in again: { $detail }

## Why something is refused; programs and the log are told in English

refused-name-taken = there is a station { $name } already
refused-name-known = there is or was a station { $name } already: what it judged is kept under that name
refused-no-station = there is no station { $station } at work here
refused-name-case = { $name } differs from station { $other } in upper and lower case alone, which some disks do not tell apart: take another name
refused-name = a station cannot be called { $name }: take 1 to { $longest } letters of a to z, digits, - and _
refused-most-stations = there are { $most } stations already, which is the most
refused-configured = station { $station } is set in { $file }: change it there, and start the service again
refused-by-options = station { $station } was given as an option at the start of the service: change it there
refused-busy = job { $id } of station { $station } is not over: wait for it, or cancel it
refused-same-job = job { $id } of station { $station } does the same, and is not over
refused-still-judging = station { $station } is still judging: try again once it is done
refused-job-over = job { $id } is over already
refused-few-good = station { $station } has { $good } good images: { $least } are the least that something can be learned from, and fifty do it well
refused-no-model = station { $station } has no model: make one first
refused-none-labelled = no part of station { $station } is labelled of which the image is kept: label some in the history
refused-two-models = two models are compared: give both
refused-few-new = there are { $good } good images that model { $model } has not learned from: { $least } are the least that thresholds can be set by, and fifty do it well. Add good images, or label good parts in the history
refused-nothing-new = the model knows all good images already: add others
refused-no-other = no other model was active at station { $station } before this one
refused-other-model = model { $now } judges at station { $station } by now, and these thresholds were chosen for { $of }: load the page again, and choose anew
refused-thresholds-finite = a threshold is a finite number
refused-thresholds-order = what is to be checked cannot begin above what is anomalous
refused-thresholds-same = these are the thresholds already
refused-unknown-model = station { $station } has no model { $model }
refused-verified-otherwise = model { $model } does not judge here as when it was made: { $apart } of its { $own } own images score otherwise, by { $most } of a threshold of { $threshold }. Let another model judge, and look what has changed on this machine
refused-parts-otherwise = model { $model } does not judge here as it did: { $apart } of { $own } labelled parts score otherwise, by { $most } of a threshold of { $threshold }. Let another model judge, and look what has changed on this machine
refused-judges-otherwise = model { $model } does not judge here as when it was made: { $apart } of its { $own } own images score otherwise, by { $most } of a threshold of { $threshold }. It was not activated
refused-model-gone = model { $model } is not in the data folder any more
refused-model-damaged = model { $model } is damaged: its content is another than when it was brought
refused-most-good = station { $station } has { $most } good images, which is the most
refused-labelled-bad = { $name } is labelled bad in the history: no model may learn from it
refused-empty-file = the file is empty
refused-image-removed = the image of inspection { $id } was removed on { $day }: what was found stays
refused-most-regions = at most { $most } regions of { $points } points each can be drawn
refused-nothing-inspected = they leave nothing to inspect: make what is ignored smaller
refused-large-body = it has more than { $most } bytes
refused-broken-body = the connection ended before the whole body had come: send it again
refused-receiving = too many images are being received for station { $station } already: this one was not judged
refused-model-large = a model's file has at most { $most } bytes
refused-model-file = this is no model that can be used here: { $detail }
refused-user-known = there is a user { $name } already
refused-no-user = there is no user { $name }
refused-first-user = the first user must be an admin: nobody else could add others
refused-only-admin = { $name } is the only admin: make another one first
refused-last-admin = { $name } is the only admin, and there are other users: make another admin first, or remove the others
refused-own-password = the own password is changed at /account, where the one of now is asked for
refused-token-known = there is a token { $name } already
refused-token-reader = a reader reads of all stations: leave the station out, or take the role machine
refused-user-name = a user cannot be called { $name }: take 1 to { $longest } letters of a to z, digits, - _ . and @, a letter or a digit first
refused-token-name = a token cannot be called { $name }: take 1 to { $longest } letters of a to z, digits, - _ . and @, a letter or a digit first
refused-password-short = the password has { $letters } letters: take at least { $least }, several words are easy to keep in mind
refused-password-long = the password has more than { $most } bytes
refused-role-operator = this is for people who are signed in
refused-role-engineer = this is for people with the role engineer or admin
refused-role-admin = this is for people with the role admin
refused-unknown = sign in at /login, or send a token as Authorization: Bearer
refused-no-inspection = there is no inspection { $id }
refused-no-address = there is no such address
refused-no-id = { $text } is no id of an inspection
refused-letters = { $what } has more than { $longest } letters
refused-key-text = Idempotency-Key must be plain text
refused-unreadable = this is no { $what }: { $detail }
refused-nul = a text has U+0000, which no text here can have: leave it out
refused-export-limit = an export has all that are asked for: give no limit
refused-limit = limit must be a number of 1 to { $most }
refused-at-once = take at most { $most } at a time
refused-empty-body = the body is empty: send the image's file
refused-no-time = { $text } is no time: give it as 2026-11-29T14:00:00Z or 2026-11-29
refused-filter = there is no { $what } { $word }
refused-paused = station { $station } is paused: nothing is judged until it is resumed
refused-password-name = the password is not much more than the name: take another
refused-password-letter = the password is one letter again and again: take another
refused-change-password = your password was given by somebody else: change it at /account first

## What cannot be done, and why: of files and folders, of the system, of receivers; programs and the log are told in English

as-it-is = { $text }
of-file = { $file }: { $reason }
system-refused = connection refused
system-broke = the connection broke
system-closed = the connection was closed
system-no-answer = no answer in time
system-unreachable = it cannot be reached
system-missing = it is not there
system-forbidden = the service may not: its account lacks the permission
system-read-only = nothing can be written there: the disk is mounted to be read alone
system-full = there is no room left: make some, and it goes on by itself
system-no-folder = it is no folder
system-share-away = its share is away
file-written = it was written while it was read
folder-silent = it has not answered for { $seconds } seconds
folder-gone = this folder is not there: make it, or bring its disk or share back
receiver-refuses = it answers { $answer }: look whether the address and the secret are right
receiver-fails = it answers { $answer }
receiver-no-host = there is no host of this name
broker-not-yet = the broker is not connected yet
broker-broke = the connection to the broker broke
broker-refuses = the broker refuses the connection: { $code }
broker-silent = the broker does not answer
broker-takes-nothing = the broker takes nothing
broker-acknowledges-nothing = the broker acknowledges nothing
controller-silent = the controller has not acknowledged the last result

history-away = the history's database is away ({ $why }): nothing is judged until it is back
history-unknown = { $trouble }; whether this was done will be seen then: look before you ask again
history-moment = it was away for a moment
history-endless = it does not come to an end with what it was given
history-slow = the history's database is too slow for all that is asked of it
history-silent = it does not answer
history-hangs = what it was given last hangs there still
history-held = nothing can be written: it waits for another
history-unusable = the history cannot be used: { $reason }

image-damaged = the image { $name } is damaged or incomplete: copy or save it again, or take it away
image-large = the image { $name } is too large ({ $reason })
image-unusable = the image { $name } cannot be used ({ $reason })
model-damaged = the model's file is damaged ({ $reason })
model-unusable = the model cannot be used ({ $reason })
dataset-unusable = the images cannot be used ({ $reason })
setting-unusable = the setting { $name } cannot be used ({ $reason })
region-unusable = the regions cannot be used ({ $reason })
training-diverged = the training came to no end: its loss grew without bound ({ $reason })
training-fails = it cannot be trained ({ $reason })
fault = a fault of this program ({ $reason })

doubt-odd = { $odd } of { $new } new { $new ->
    [one] image
   *[other] images
} are not good by the model as it is: { $images }
doubt-image = { $name } ({ $verdict })
doubt-images = { $before }, { $one }
doubt-more = { $before } and { $more } more
doubt-untrusted = { $images } of { $of } good images are untrusted so far ({ $why }); a model that is set by them takes them for usual: give images of the line as it is to stay
doubt-steep = the threshold is { $times } times the one before: are these good images of the same part?
kilobytes = { $number } kB
megabytes = { $number } MB
gigabytes = { $number } GB
